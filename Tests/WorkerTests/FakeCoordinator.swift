import Domain
import Foundation
import Testing
import Transport
import Wire

@testable import WorkerCore

/// A message with some of its fields set.
func made<Message>(_ message: Message, _ change: (inout Message) -> Void) -> Message {
    var message = message
    change(&message)
    return message
}

/// The coordinator's side of a real connection, driven step by step by a test.
///
/// Every wait is bounded and fails the test when its time is over. It belongs to the thread that makes it.
final class FakeCoordinator {
    struct Silence: Error, CustomStringConvertible {
        let description: String
    }

    static let patience: Int64 = 20_000

    let keys: CurveKeyPair
    let worker: CurveKeyPair
    private let context: Transport.Context
    private let authenticator: Authenticator
    private var router: RouterSocket
    private var isOpen = true
    private let wakeup: Wakeup
    private var poller: Poller
    private var routing: [UInt8] = []
    private(set) var session: UInt64 = 0
    private var sequence: UInt64 = 0
    private var waiting: [Framed<WorkerMessage>] = []
    private(set) var lastHeader: FrameHeader?

    init(knowsWorker: Bool = true, endpoint: Transport.Endpoint? = nil) throws {
        self.keys = try CurveKeyPair.generate()
        self.worker = try CurveKeyPair.generate()
        self.context = try Transport.Context()
        let list = knowsWorker ? try AllowList().adding("test-1", self.worker.publicKey) : AllowList()
        self.authenticator = try Authenticator(self.context, allowList: list) { _ in }
        self.router = try RouterSocket(
            self.context,
            keys: self.keys,
            authenticator: self.authenticator,
            endpoint: try endpoint ?? Transport.Endpoint("tcp://127.0.0.1:*")
        )
        self.wakeup = try Wakeup()
        self.poller = Poller(self.router, self.wakeup)
    }

    var address: CoordinatorLink.Address {
        .init(endpoint: self.router.endpoint, keys: self.worker, coordinator: self.keys.publicKey)
    }

    /// Closes the socket, as a coordinator that dies does, and listens again on the same port.
    func restart() throws {
        let endpoint = self.router.endpoint
        self.router.close()
        self.isOpen = false
        let deadline = BootClock.now() + Self.patience
        while !self.isOpen {
            do throws(TransportError) {
                self.router = try self.listen(endpoint)
                self.isOpen = true
            } catch {
                // libzmq frees the port on a thread of its own, a little later.
                guard BootClock.now() < deadline else { throw error }
            }
        }
        self.poller = Poller(self.router, self.wakeup)
        self.waiting.removeAll()
    }

    private func listen(_ endpoint: Transport.Endpoint) throws(TransportError) -> RouterSocket {
        try RouterSocket(self.context, keys: self.keys, authenticator: self.authenticator, endpoint: endpoint)
    }

    func close() {
        if self.isOpen { self.router.close() }
        self.authenticator.stop()
        try? self.context.terminate()
    }

    func send(_ message: CoordinatorMessage) throws {
        self.sequence += 1
        let frame = try message.frame(session: self.session, sequence: self.sequence)
        let outcome = try self.router.send(frame, to: self.routing)
        guard outcome == .sent else { throw Silence(description: "the worker's connection is gone") }
    }

    /// Sends the last frame again, as a network that repeats would.
    func send(_ message: CoordinatorMessage, sequence: UInt64) throws {
        _ = try self.router.send(try message.frame(session: self.session, sequence: sequence), to: self.routing)
    }

    /// The next message that `pick` wants; others are dropped.
    func next<Message>(_ what: String, _ pick: (WorkerMessage) -> Message?) throws -> Message {
        let deadline = BootClock.now() + Self.patience
        while true {
            while !self.waiting.isEmpty {
                let framed = self.waiting.removeFirst()
                self.lastHeader = framed.header
                if let message = pick(framed.message) { return message }
            }
            guard BootClock.now() < deadline else { throw Silence(description: "no \(what) in \(Self.patience) ms") }
            try self.gather(timeoutMilliseconds: 100)
        }
    }

    /// Whether no message that `pick` wants comes within a short time.
    func staysSilent(for milliseconds: Int64, _ pick: (WorkerMessage) -> Bool) throws -> Bool {
        let deadline = BootClock.now() + milliseconds
        while BootClock.now() < deadline {
            try self.gather(timeoutMilliseconds: 20)
            if self.waiting.contains(where: { pick($0.message) }) { return false }
            self.waiting.removeAll()
        }
        return true
    }

    private func gather(timeoutMilliseconds: Int64) throws {
        let ready = try self.poller.wait(timeoutMilliseconds: timeoutMilliseconds)
        if ready.monitor { while try self.router.nextEvent() != nil {} }
        guard ready.socket else { return }
        while let inbound = try self.router.receive() {
            guard case .frame(let received) = inbound else { continue }
            self.routing = received.routing
            self.waiting.append(try WorkerMessage.decode(received.payload))
        }
    }
}

extension FakeCoordinator {
    func hello() throws -> WireHello {
        try self.next("Hello") { if case .hello(let hello) = $0 { hello } else { nil } }
    }

    func credit() throws -> WireCredit {
        try self.next("Credit") { if case .credit(let credit) = $0 { credit } else { nil } }
    }

    func report() throws -> WireReport {
        try self.next("Report") { if case .report(let report) = $0 { report } else { nil } }
    }

    func welcome(session: UInt64, ttl: UInt32 = 60_000, credit: UInt32 = 1_024, relays: [WireRelay]) throws {
        self.session = session
        self.sequence = 0
        try self.send(
            .welcome(
                made(WireWelcome()) { ($0.leaseTtl, $0.credit, $0.worker, $0.relays) = (ttl, credit, "test-1", relays) }
            )
        )
    }

    /// Content of campaign 1: one variant, one field.
    func sendContent(text: String = "Hello {{first_name}}!\n") throws {
        try self.send(
            .content(
                made(WireContent()) {
                    $0.campaign = 1
                    $0.revision = 1
                    $0.name = "first"
                    $0.fromName = "Ann"
                    $0.fromAddress = "ann@campaign.example"
                    $0.variants = [
                        made(WireVariant()) { ($0.name, $0.subject, $0.text) = ("a", "Hi {{first_name}}", text) }
                    ]
                    $0.fields = [made(WireFieldColumn()) { ($0.name, $0.type) = ("first_name", "text") }]
                    $0.messageIDKey = Data([1, 2, 3])
                    $0.messageIDDomain = "campaign.example"
                }
            )
        )
    }

    func grant(
        nonce: UInt64,
        epoch: UInt64,
        positions: [UInt32],
        slots: UInt32 = 20,
        relay: String = "main"
    ) -> WireGrant {
        var addresses = StringColumnBuilder()
        var names = StringColumnBuilder()
        for position in positions {
            addresses.append("p\(position)@site.example")
            names.append("Name\(position)")
        }
        return made(WireGrant()) {
            $0.nonce = nonce
            $0.epoch = epoch
            $0.campaign = 1
            $0.relay = relay
            $0.site = "site.example"
            $0.slots = slots
            $0.position = positions
            $0.contact = positions.map { UInt64($0) + 1_000 }
            $0.variant = positions.map { _ in 0 }
            $0.address = addresses.strings()
            $0.field = [names.strings()]
        }
    }

    /// Reads and acknowledges reports until `count` targets have a fact; repeated facts count once.
    func outcomes(_ count: Int, acknowledge: Bool = true) throws -> [UInt32: (code: WireOutcomeCode, reason: String)] {
        var facts: [UInt32: (code: WireOutcomeCode, reason: String)] = [:]
        while facts.count < count {
            let report = try self.report()
            for lease in report.leases {
                for (index, position) in lease.position.enumerated() {
                    facts[position] = (lease.outcome[index], lease.reasons[Int(lease.reason[index])])
                }
            }
            if acknowledge { try self.send(.acknowledge(made(WireAcknowledge()) { $0.number = report.number })) }
        }
        return facts
    }

    static func relay(port: Int, name: String = "main") -> WireRelay {
        made(WireRelay()) {
            ($0.name, $0.url, $0.tls, $0.helo) = (name, "smtp://127.0.0.1:\(port)", "off", "worker.example")
        }
    }
}
