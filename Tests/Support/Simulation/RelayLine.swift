import NIOCore
import NIOEmbedded

/// One TCP connection from a worker to a relay: bytes take their time, in order, each way.
final class RelayLine {
    let number: Int
    let relay: SimulatedRelay
    let channel: EmbeddedChannel
    private let loop: EmbeddedEventLoop
    private unowned let worker: WorkerHost
    private unowned let world: World
    private var dialogue: RelayDialogue
    /// One way, in milliseconds.
    private let latency: Int64
    private var lastAtRelay: Int64 = 0
    private var lastAtWorker: Int64 = 0
    private(set) var isOver = false
    private var isRelayGone = false

    init(_ number: Int, to relay: SimulatedRelay, from worker: WorkerHost, in world: World) {
        self.number = number
        self.relay = relay
        self.worker = worker
        self.world = world
        self.loop = EmbeddedEventLoop()
        self.channel = EmbeddedChannel(loop: self.loop)
        self.dialogue = RelayDialogue(offersPipelining: relay.offersPipelining)
        self.latency = world.random.time(0...8)
        if let address = try? SocketAddress(ipAddress: "127.0.0.1", port: 25) {
            self.channel.connect(to: address, promise: nil)
        }
    }

    /// The relay accepted the connection and speaks first.
    func open() { self.perform(self.dialogue.greet(self.relay.manners, &self.world.random)) }

    // MARK: Worker's side

    /// Takes what the worker wrote, and notices when it closed.
    func flush() {
        guard !self.isOver else { return }
        self.loop.run()
        while let buffer = try? self.channel.readOutbound(as: ByteBuffer.self) {
            self.send(Array(buffer.readableBytesView))
        }
        if !self.channel.isActive { self.workerClosed() }
    }

    private func send(_ bytes: [UInt8]) {
        let sent = Departure(time: self.world.now, process: self.worker.processNumber)
        let arrival = max(self.lastAtRelay, self.world.now + self.latency + self.world.random.time(0...2))
        self.lastAtRelay = arrival
        self.world.agenda.add(at: arrival) { [self] in self.arriveAtRelay(bytes, sent) }
    }

    private func workerClosed() {
        self.isOver = true
        let arrival = max(self.lastAtRelay, self.world.now + self.latency)
        self.world.agenda.add(at: arrival) { [self] in self.isRelayGone = true }
        self.worker.lineEnded(self)
    }

    /// The process died: its kernel still sends some of what it was given, or nothing.
    func kill() {
        guard !self.isOver else { return }
        self.isOver = true
        let last = self.world.now + self.world.random.time(0...(self.latency + 3))
        self.world.agenda.add(at: last) { [self] in self.isRelayGone = true }
        self.channel.close(promise: nil)
        self.loop.run()
    }

    // MARK: Relay's side

    private func arriveAtRelay(_ bytes: [UInt8], _ sent: Departure) {
        guard !self.isRelayGone, !self.dialogue.isClosed else { return }
        self.world.trace.fold(UInt64(self.number))
        self.world.trace.fold(bytes)
        self.perform(self.dialogue.read(bytes, self.relay.manners, &self.world.random), sent)
    }

    private func perform(_ acts: [RelayDialogue.Act], _ sent: Departure? = nil) {
        for act in acts {
            switch act {
            case .reply(let bytes, let pause):
                self.toWorker(after: pause) { [self] in
                    guard !self.isOver else { return }
                    self.world.trace.fold(bytes)
                    _ = try? self.channel.writeInbound(ByteBuffer(bytes: bytes))
                }
            case .message(let envelope, let taken):
                guard let sent else { continue }
                self.world.arrived(envelope, taken: taken, at: self.relay, from: self.worker, sent)
            case .close(let pause):
                self.toWorker(after: pause) { [self] in
                    guard !self.isOver else { return }
                    self.channel.close(promise: nil)
                    self.loop.run()
                }
            }
        }
    }

    private func toWorker(after pause: Int64, _ body: @escaping () -> Void) {
        let arrival = max(self.lastAtWorker, self.world.now + pause + self.latency)
        self.lastAtWorker = arrival
        self.world.agenda.add(at: arrival) { [self] in self.worker.receive(body) }
    }
}

/// When bytes left a worker.
struct Departure {
    let time: Int64
    let process: Int
}
