import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

/// Workers that send, report, vanish, come back and lose their memory at random, and a coordinator that dies.
///
/// The simulation alone knows what really left; the laws compare it with what the ledger says.
final class LoopSimulation {
    let bench: LoopBench
    var random: SplitMix64
    var crew: [SimulatedWorker] = []
    /// Messages that left, whatever came of them: when.
    private(set) var departures: [Instant] = []
    /// Messages that the relay took, by campaign and contact.
    private(set) var taken: [Taken: Int] = [:]

    struct Taken: Hashable {
        let campaign: UInt64
        let contact: UInt64
    }

    /// How things go: parts of a hundred.
    struct Weather {
        var vanish = 4
        var forget = 2
        var restart = 2
        var failedTurn = 2
        var duplicate = 20
        var handBack = 8
    }

    var weather = Weather()
    /// Contacts that bring down whoever makes their message.
    var deadly: Set<UInt64> = []
    private(set) var deaths = 0

    init(seed: UInt64, workers: Int, _ change: (inout LoopOptions) -> Void = { _ in }) throws {
        self.bench = try LoopBench(seed: seed, change)
        self.random = SplitMix64(seed &* 7_919 &+ 1)
        for index in 0..<workers {
            self.crew.append(SimulatedWorker(self.bench.worker("w\(index)"), simulation: self))
        }
    }

    /// One step of everybody, and one turn.
    func step() throws {
        self.bench.advance(Int64.random(in: 1...900, using: &self.random))
        if self.random.chance(self.weather.restart) { try self.bench.restart() }
        var events: [LoopEvent] = []
        for worker in self.crew { events += worker.act() }
        self.bench.connection.failsNext = self.random.chance(self.weather.failedTurn)
        try self.bench.turn(events)
        self.bench.connection.failsNext = false
    }

    /// Fair weather until every campaign is over.
    func finish(_ campaigns: [Campaign.ID], steps: Int = 6_000) throws {
        self.weather = Weather(vanish: 0, forget: 0, restart: 0, failedTurn: 0, duplicate: 0, handBack: 0)
        for worker in self.crew { worker.mustReturn = true }
        for _ in 0..<steps {
            try self.step()
            if try campaigns.allSatisfy({ try self.bench.status($0).state == .finished }) { return }
            // Retries and lost leases are waited for.
            self.bench.advance(self.crew.allSatisfy { $0.isIdle } ? 20_000 : 0)
        }
    }

    func died() { self.deaths += 1 }

    /// A message leaves.
    func depart(_ campaign: UInt64, _ contact: UInt64, taken: Bool) {
        self.departures.append(self.bench.now)
        if taken { self.taken[Taken(campaign: campaign, contact: contact), default: 0] += 1 }
    }

    /// The most messages that left within one period.
    func most(inMilliseconds period: Int64) -> Int {
        var most = 0
        var first = 0
        for last in self.departures.indices {
            while self.departures[last].milliseconds(since: self.departures[first]) >= period { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }
}

/// One worker of a ``LoopSimulation``, with a journal as real ones have.
final class SimulatedWorker {
    let worker: ScriptedWorker
    private unowned let simulation: LoopSimulation
    private var lives = 0
    private var awayFor = 0
    var mustReturn = false

    private struct Lease {
        let grant: WireGrant
        /// Indexes of targets not begun.
        var waiting: [Int]
        var isRunning = true
    }

    private var leases: [UInt64: Lease] = [:]
    /// Begun, and its outcome not known yet.
    private var begun: [(epoch: UInt64, position: Int)] = []
    /// Journal: facts that were not acknowledged, and the number of the report they were in last.
    private var facts: [(fact: ScriptedWorker.Fact, report: UInt64)] = []
    private var seenAcknowledgements = 0

    init(_ worker: ScriptedWorker, simulation: LoopSimulation) {
        self.worker = worker
        self.simulation = simulation
        worker.takesGrant = { [unowned self] grant in
            self.leases[grant.epoch] = Lease(grant: grant, waiting: Array(grant.position.indices))
        }
    }

    var isIdle: Bool { self.worker.isWelcome && self.leases.isEmpty && self.facts.isEmpty && self.begun.isEmpty }

    /// What it does and says in one step.
    func act() -> [LoopEvent] {
        self.forgetAcknowledged()
        if self.awayFor > 0, !self.mustReturn {
            self.awayFor -= 1
            // Cut off, it goes on sending until its leases run out.
            self.send()
            return []
        }
        self.awayFor = 0
        let weather = self.simulation.weather
        if self.simulation.random.chance(weather.forget) { return self.loseMemory() }
        if self.simulation.random.chance(weather.vanish) { return self.vanish() }
        guard self.worker.isWelcome else { return [self.hello()] }
        self.send()
        guard self.worker.isWelcome else { return [] }
        return self.speak()
    }

    private func speak() -> [LoopEvent] {
        let bench = self.simulation.bench
        var events: [LoopEvent] = []
        self.handBackRecalled()
        if self.simulation.random.chance(self.simulation.weather.handBack) { self.handBackSome() }
        let running = self.leases.filter { $0.value.isRunning }.keys.sorted()
        if !running.isEmpty { events.append(self.worker.progress(running, at: bench.now)) }
        if let report = self.report() { events.append(report) }
        if self.simulation.random.chance(self.simulation.weather.duplicate), let again = self.report() {
            events.append(again)
        }
        events.append(self.worker.credit(Int.random(in: 20...200, using: &self.simulation.random), at: bench.now))
        events.shuffle(using: &self.simulation.random)
        return events
    }

    // MARK: Sending

    private func send() {
        let now = self.simulation.bench.now
        for index in self.begun.indices.reversed() where self.simulation.random.chance(60) { self.learn(index) }
        for epoch in self.leases.keys.sorted() {
            guard var lease = self.leases[epoch], lease.isRunning else { continue }
            if let deadline = self.worker.deadlines[epoch], now >= deadline {
                // The lease ran out: what was not begun goes back.
                self.giveBack(&lease, count: lease.waiting.count)
            }
            for _ in 0..<Int.random(in: 0...12, using: &self.simulation.random) where !lease.waiting.isEmpty {
                let next = lease.waiting.removeFirst()
                if self.simulation.deadly.contains(lease.grant.contact[next]) { return self.die() }
                self.begin(next, of: lease)
            }
            self.keep(lease, epoch)
        }
    }

    private func keep(_ lease: Lease, _ epoch: UInt64) {
        let isOver = lease.waiting.isEmpty && !self.begun.contains { $0.epoch == epoch }
        self.leases[epoch] = isOver ? nil : lease
    }

    /// The message leaves; what came of it is learned at once or later.
    private func begin(_ index: Int, of lease: Lease) {
        let grant = lease.grant
        let isTaken = self.simulation.random.chance(75)
        let position = Int(grant.position[index])
        self.simulation.depart(grant.campaign, grant.contact[index], taken: isTaken)
        self.begun.append((grant.epoch, position))
        self.outcomes[Begun(epoch: grant.epoch, position: position)] = isTaken
    }

    private struct Begun: Hashable {
        let epoch: UInt64
        let position: Int
    }

    /// Whether the relay took what was begun: known to the relay, and to the worker once it has read the reply.
    private var outcomes: [Begun: Bool] = [:]

    private func learn(_ index: Int) {
        let (epoch, position) = self.begun.remove(at: index)
        let isTaken = self.outcomes.removeValue(forKey: Begun(epoch: epoch, position: position)) ?? false
        let outcome: WireOutcomeCode
        if self.simulation.random.chance(3) {
            outcome = .inDoubt
        } else if isTaken {
            outcome = .accepted
        } else {
            outcome = self.simulation.random.chance(50) ? .deferred : .bounced
        }
        self.note(epoch, position, outcome)
        if let lease = self.leases[epoch] { self.keep(lease, epoch) }
    }

    private func note(_ epoch: UInt64, _ position: Int, _ outcome: WireOutcomeCode) {
        let reason = outcome == .inDoubt ? "no_reply" : outcome == .bounced ? "mailbox" : ""
        self.facts.append((ScriptedWorker.Fact(epoch: epoch, position: position, outcome: outcome, reason: reason), 0))
    }

    // MARK: Handing back

    private func giveBack(_ lease: inout Lease, count: Int) {
        for index in lease.waiting.suffix(count) {
            self.note(lease.grant.epoch, Int(lease.grant.position[index]), .returned)
        }
        lease.waiting.removeLast(count)
    }

    private func handBackSome() {
        guard let epoch = self.leases.keys.sorted().randomElement(using: &self.simulation.random),
            var lease = self.leases[epoch]
        else { return }
        self.giveBack(&lease, count: lease.waiting.count / 2)
        self.keep(lease, epoch)
    }

    private func handBackRecalled() {
        for epoch in self.worker.recalled {
            guard var lease = self.leases[epoch] else { continue }
            self.giveBack(&lease, count: lease.waiting.count)
            self.keep(lease, epoch)
        }
    }

    // MARK: Reports

    private func report() -> LoopEvent? {
        guard !self.facts.isEmpty, self.simulation.random.chance(70) else { return nil }
        // In whatever order, at most 256 of one lease.
        let facts = self.facts.prefix(200).map(\.fact).shuffled(using: &self.simulation.random)
        let event = self.worker.report(facts, at: self.simulation.bench.wall)
        for index in self.facts.indices.prefix(200) { self.facts[index].report = self.worker.lastReport }
        return event
    }

    private func forgetAcknowledged() {
        for number in self.worker.acknowledged.dropFirst(self.seenAcknowledgements) {
            self.facts.removeAll { $0.report > 0 && $0.report <= number }
        }
        self.seenAcknowledgements = self.worker.acknowledged.count
    }

    // MARK: Coming and going

    private func hello() -> LoopEvent {
        var held: [UInt64: (running: Bool, begun: [Int])] = [:]
        for (epoch, lease) in self.leases { held[epoch] = (lease.isRunning, []) }
        let known = self.facts.filter { $0.fact.outcome != .returned }.map { ($0.fact.epoch, $0.fact.position) }
        for (epoch, position) in known + self.begun.map({ ($0.epoch, $0.position) }) {
            held[epoch, default: (false, [])].begun.append(position)
        }
        return self.worker.hello(held)
    }

    /// The network is cut, or the process dies and its journal stays.
    private func vanish() -> [LoopEvent] {
        self.worker.disconnect()
        self.awayFor = Int.random(in: 0...150, using: &self.simulation.random)
        if self.simulation.random.chance(50) { self.die() }
        return []
    }

    /// What was begun is in doubt, what was not is forgotten.
    private func die() {
        self.simulation.died()
        self.worker.die()
        for (epoch, position) in self.begun { self.note(epoch, position, .inDoubt) }
        self.facts.removeAll { $0.fact.outcome == .returned }
        self.begun.removeAll()
        self.outcomes.removeAll()
        self.leases.removeAll()
    }

    private func loseMemory() -> [LoopEvent] {
        self.lives += 1
        self.worker.disconnect()
        self.worker.journal = Array("journal \(self.lives) of \(self.worker.name)".utf8)
        self.begun.removeAll()
        self.outcomes.removeAll()
        self.facts.removeAll()
        self.leases.removeAll()
        return [self.hello()]
    }
}
