import Domain
import NIOCore
import Relay
import WorkerCore

/// A worker's connections: to the coordinator, and to relays.
extension WorkerHost {
    func cut(up: Bool, down: Bool) {
        self.isCutUp = up
        self.isCutDown = down
        guard up || down, let link = self.link else { return }
        self.world.note("\(self.name) is cut off\(up ? " up" : "")\(down ? " down" : "")")
        // Heartbeats: whoever hears nothing for 6 s lets go, and both ends learn of it.
        self.world.agenda.add(at: self.world.now + self.world.random.time(6_000...9_000)) { [unowned self] in
            guard self.link === link, self.isCutUp || self.isCutDown else { return }
            self.linkBroke(link)
        }
    }

    func heal() {
        guard self.isCutUp || self.isCutDown else { return }
        self.isCutUp = false
        self.isCutDown = false
        self.link?.healed()
    }

    /// The connection broke, and this side notices.
    func linkBroke(_ link: SimulatedLink) {
        link.closeAtWorker()
        guard self.link === link else { return }
        self.world.note("\(self.name) lost connection \(link.number)")
        self.link = nil
        self.receive { [unowned self] in self.process?.disconnected() }
        self.connectSoon()
    }

    func connectSoon() {
        let number = self.processNumber
        self.world.agenda.add(at: self.world.now + self.world.random.time(100...1_500)) { [unowned self] in
            guard self.processNumber == number, self.process != nil, self.link == nil else { return }
            let isReachable = self.world.coordinator.isAccepting && !self.isCutUp && !self.isCutDown
            guard isReachable, self.isAllowed else { return self.connectSoon() }
            let link = SimulatedLink(self.world.nextNumber(), of: self, in: self.world)
            self.link = link
            self.world.coordinator.opened(link, from: self)
            self.receive { [unowned self] in
                if self.link === link { self.process?.connected() }
            }
        }
    }

    /// A frame from the coordinator.
    func take(_ frame: [UInt8]) {
        self.world.trace.fold(frame)
        self.witness.heard(frame, at: self.clock.boot(at: self.world.now), worldTime: self.world.now)
        self.process?.receive(frame)
    }

    func dial(
        _ port: Int,
        process number: Int,
        _ made: @escaping (Result<any Channel, DialProblem>) -> Void
    ) {
        self.world.agenda.add(at: self.world.now + self.world.random.time(1...10)) { [unowned self] in
            guard self.processNumber == number, let relay = self.world.relays.first(where: { $0.port == port }) else {
                return
            }
            self.receive { [unowned self] in
                guard self.processNumber == number else { return }
                let isRefused =
                    self.world.now < relay.downUntil || self.world.random.chance(relay.manners.refusesConnection)
                guard !isRefused else { return made(.failure(DialProblem("cannot connect: refused"))) }
                let line = RelayLine(self.world.nextNumber(), to: relay, from: self, in: self.world)
                self.lines.append(line)
                made(.success(line.channel))
                line.open()
            }
        }
    }

    func lineEnded(_ line: RelayLine) { self.lines.removeAll { $0 === line } }
}
