import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// A worker that speaks real frames and does what the test says.
final class ScriptedWorker {
    let name: String
    private(set) var routing: [UInt8]
    var journal: [UInt8]
    var machineBoot = "m"
    /// What `Hello` says of the process.
    private(set) var process: UInt64 = 1
    /// Said in Hello; 0: not told.
    var highestEpoch: UInt64 = 0
    private var session: UInt64 = 0
    private var sequence: UInt64 = 0
    private var nonce: UInt64 = 0
    private var reportNumber: UInt64 = 0
    private var askedAt: [UInt64: Instant] = [:]
    private var ttl: Int64 = 0

    // What came.
    private(set) var welcomes = 0
    private(set) var contents: [WireContent] = []
    private(set) var grants: [WireGrant] = []
    private(set) var recalled: Set<UInt64> = []
    private(set) var renewed: [[UInt64]] = []
    private(set) var acknowledged: [UInt64] = []
    private(set) var forgotten: [UInt64] = []
    private(set) var problems: [WireProblem] = []
    /// When it must have stopped, by lease.
    private(set) var deadlines: [UInt64: Instant] = [:]
    /// Whether it says something as soon as it is welcome.
    var speaksAtOnce = true
    private var hasFirstWord = false
    /// Called for each grant as it arrives.
    var takesGrant: ((WireGrant) -> Void)?

    /// - Parameters:
    ///   - name: The worker's.
    ///   - connection: Tells its connections apart.
    init(_ name: String, connection: String = "") {
        self.name = name
        self.routing = Array((name + connection).utf8)
        self.journal = Array("journal of \(name)".utf8)
    }

    /// `EPOCH/POSITION` of what was withdrawn, without the incarnation.
    private(set) var withdrawn: [String] = []

    var isWelcome: Bool { self.session != 0 }
    var lastGrant: WireGrant? { self.grants.last }
    var grantedTargets: Int { self.grants.reduce(0) { $0 + $1.position.count } }

    /// The connection is gone, and nothing that was on its way arrives.
    func disconnect() { self.session = 0 }

    /// Its process ends, and with it all that is not in a journal.
    func die() {
        self.disconnect()
        self.process += 1
        self.grants.removeAll()
    }

    /// What it was granted since the last call, for the test to deal with.
    func takeGrants() -> [WireGrant] {
        defer { self.grants.removeAll() }
        return self.grants
    }

    func receive(_ payload: [UInt8], at now: Instant) throws {
        let frame = try CoordinatorMessage.decode(payload)
        if case .welcome(let welcome) = frame.message {
            self.welcomes += 1
            self.hasFirstWord = true
            self.session = frame.header.session
            self.sequence = 0
            self.ttl = Int64(welcome.leaseTtl)
            return
        }
        if case .problem(let problem) = frame.message {
            self.problems.append(problem)
            if problem.sessionUnknown { self.session = 0 }
            return
        }
        guard frame.header.session == self.session, self.session != 0 else { return }
        switch frame.message {
        case .content(let content): self.contents.append(content)
        case .grant(let grant):
            self.grants.append(grant)
            self.deadlines[grant.epoch] = self.deadline(grant.nonce)
            self.takesGrant?(grant)
        case .renew(let renew):
            self.renewed.append(renew.epoch)
            for epoch in renew.epoch { self.deadlines[epoch] = self.deadline(renew.nonce) }
        case .recall(let recall): self.recalled.formUnion(recall.epoch)
        case .acknowledge(let acknowledge): self.acknowledged.append(acknowledge.number)
        case .forget(let forget): self.forgotten.append(forget.campaign)
        case .withdraw(let withdraw):
            for (epoch, position) in zip(withdraw.epoch, withdraw.position) {
                self.withdrawn.append("\(epoch & 0xFFFF_FFFF)/\(position)")
            }
        case .welcome, .problem: break
        }
    }

    private func deadline(_ nonce: UInt64) -> Instant {
        (self.askedAt[nonce] ?? Instant(milliseconds: 0)).advanced(byMilliseconds: self.ttl)
    }

    /// What the relay said of everything that it reports.
    var reply = filled(WireReply()) { $0.code = 250 }

    // What it says.

    private func event(_ message: WorkerMessage, session: UInt64) -> LoopEvent {
        self.sequence += 1
        let payload = (try? message.frame(session: session, sequence: self.sequence)) ?? []
        return .frame(routing: self.routing, principal: self.name, payload: payload)
    }

    /// Something harmless, once after each Welcome: a session begins with the first frame said in it.
    func takeFirstWord() -> LoopEvent? {
        defer { self.hasFirstWord = false }
        guard self.hasFirstWord, self.speaksAtOnce, self.session != 0 else { return nil }
        let state = filled(WireRelayState()) {
            $0.relay = "main"
            $0.available = true
        }
        return self.event(.relayState(state), session: self.session)
    }

    /// With leases that it still knows: whether it works on them, and what it has begun.
    func hello(_ held: [UInt64: (running: Bool, begun: [Int])] = [:], durable: Bool = false) -> LoopEvent {
        let hello = filled(WireHello()) { hello in
            hello.build = "test"
            hello.machineBoot = self.machineBoot
            hello.journal = Data(self.journal)
            hello.journalDurable = durable
            hello.connections = 8
            hello.process = self.process
            hello.highestEpoch = self.highestEpoch
            hello.held = held.sorted { $0.key < $1.key }.map { epoch, lease in
                filled(WireHeldLease()) {
                    $0.epoch = epoch
                    $0.running = lease.running
                    $0.begun = lease.begun.map { UInt32($0) }
                }
            }
        }
        self.session = 0
        return self.event(.hello(hello), session: 0)
    }

    func credit(_ targets: Int = 1_024, at now: Instant) -> LoopEvent {
        self.nonce += 1
        self.askedAt[self.nonce] = now
        let credit = filled(WireCredit()) {
            $0.nonce = self.nonce
            $0.targets = UInt32(targets)
        }
        return self.event(.credit(credit), session: self.session)
    }

    /// With how many targets of each lease are settled, and begun.
    func progress(_ epochs: [UInt64], settled: UInt64 = 0, begun: UInt32 = 0, at now: Instant) -> LoopEvent {
        self.nonce += 1
        self.askedAt[self.nonce] = now
        let progress = filled(WireProgress()) {
            $0.nonce = self.nonce
            $0.epoch = epochs
            $0.settled = epochs.map { _ in settled }
            $0.begun = epochs.map { _ in begun }
        }
        return self.event(.progress(progress), session: self.session)
    }

    func relay(_ name: String, available: Bool) -> LoopEvent {
        let state = filled(WireRelayState()) {
            $0.relay = name
            $0.available = available
            $0.problem = available ? "" : "nobody answers"
        }
        return self.event(.relayState(state), session: self.session)
    }

    func goodbye() -> LoopEvent { self.event(.goodbye(WireGoodbye()), session: self.session) }

    /// A fact about one target.
    struct Fact: Hashable {
        let epoch: UInt64
        let position: Int
        let outcome: WireOutcomeCode
        var reason = ""
        var retryAfter: UInt32 = 0
    }

    /// One report of these facts, with the next number.
    func report(_ facts: [Fact], at wall: Timestamp = LoopBench.start) -> LoopEvent {
        self.reportNumber += 1
        return self.report(facts, number: self.reportNumber, at: wall)
    }

    var lastReport: UInt64 { self.reportNumber }

    func report(_ facts: [Fact], number: UInt64, at wall: Timestamp) -> LoopEvent {
        let parts = Dictionary(grouping: facts, by: \.epoch).sorted { $0.key < $1.key }.map { epoch, facts in
            filled(WireLeaseReport()) { part in
                let reasons = Array(Set(facts.map(\.reason))).sorted()
                part.epoch = epoch
                part.position = facts.map { UInt32($0.position) }
                part.outcome = facts.map(\.outcome)
                part.reasons = reasons
                part.reason = facts.map { fact in UInt32(reasons.firstIndex(of: fact.reason) ?? 0) }
                part.replies = [self.reply]
                part.reply = facts.map { _ in 0 }
                part.at = facts.map { _ in UInt64(wall.milliseconds) }
                part.retryAfter = facts.map(\.retryAfter)
            }
        }
        let report = filled(WireReport()) {
            $0.number = number
            $0.leases = parts
        }
        return self.event(.report(report), session: self.session)
    }

    /// Reports one outcome for every target of a grant, or for those at these indexes.
    func report(
        _ outcome: WireOutcomeCode,
        of grant: WireGrant,
        only: Range<Int>? = nil,
        reason: String = ""
    )
        -> LoopEvent
    {
        self.report(
            grant.position[only ?? 0..<grant.position.count].map {
                Fact(epoch: grant.epoch, position: Int($0), outcome: outcome, reason: reason)
            }
        )
    }
}
