import Domain
import Foundation
import Wire

@testable import CoordinatorCore

/// A worker on a machine of its own, whose power stays on: it sends what it is granted, keeps a journal, and reports.
///
/// It knows what really left, and when; nothing of it is lost when the coordinator is.
final class PowerWorker {
    let name: String
    private var random: SplitMix64
    private var session: UInt64 = 0
    private var sequence: UInt64 = 0
    private var nonce: UInt64 = 0
    private var askedAt: [UInt64: Instant] = [:]
    private var ttl: Int64 = 0
    private var saidHelloAt: Instant?

    struct Lease {
        let grant: WireGrant
        /// Indexes of targets not begun.
        var waiting: [Int]
        var deadline: Instant
    }

    struct Fact: Hashable {
        let epoch: UInt64
        let position: Int
        let outcome: WireOutcomeCode
    }

    private(set) var leases: [UInt64: Lease] = [:]
    /// Facts that were not acknowledged, with the number of their journal row.
    private(set) var journal: [(row: UInt64, fact: Fact)] = []
    private var lastRow: UInt64 = 0
    private var toldUpTo: UInt64 = 0
    private var recalled: Set<UInt64> = []
    private(set) var problems: [String] = []
    /// Told of each message that leaves: its campaign and contact, and whether the relay took it.
    var departs: ((_ campaign: UInt64, _ contact: UInt64, _ isTaken: Bool) -> Void)?
    /// Everything is accepted, and nothing is handed back.
    var isCalm = false

    init(_ name: String, seed: UInt64) {
        self.name = name
        self.random = SplitMix64(seed)
    }

    var routing: [UInt8] { Array(self.name.utf8) }
    var isIdle: Bool { self.session != 0 && self.leases.isEmpty && self.journal.isEmpty }

    /// The coordinator is gone, and what was on its way.
    func disconnect() {
        self.session = 0
        self.saidHelloAt = nil
    }

    // What it says and does in one step.

    func act(at now: Instant, wall: Timestamp) -> [LoopEvent] {
        self.send(at: now)
        guard self.session != 0 else {
            if let said = self.saidHelloAt, now.milliseconds(since: said) < 5_000 { return [] }
            self.saidHelloAt = now
            return [self.hello()]
        }
        var events: [LoopEvent] = []
        if let report = self.report(at: wall) { events.append(report) }
        if !self.leases.isEmpty {
            self.ask(at: now)
            let progress = filled(WireProgress()) {
                $0.nonce = self.nonce
                $0.epoch = self.leases.keys.sorted()
                $0.settled = $0.epoch.map { _ in 0 }
            }
            events.append(self.event(.progress(progress)))
        }
        self.ask(at: now)
        let credit = filled(WireCredit()) {
            $0.nonce = self.nonce
            $0.targets = UInt32(self.random.number(in: 20...200))
        }
        events.append(self.event(.credit(credit)))
        return events
    }

    private func ask(at now: Instant) {
        self.nonce += 1
        self.askedAt[self.nonce] = now
    }

    private func event(_ message: WorkerMessage, session: UInt64? = nil) -> LoopEvent {
        self.sequence += 1
        let payload = (try? message.frame(session: session ?? self.session, sequence: self.sequence)) ?? []
        return .frame(routing: self.routing, principal: self.name, payload: payload)
    }

    private func hello() -> LoopEvent {
        var held: [UInt64: WireHeldLease] = [:]
        for epoch in self.leases.keys {
            held[epoch] = filled(WireHeldLease()) { ($0.epoch, $0.running) = (epoch, true) }
        }
        for (_, fact) in self.journal {
            var lease = held[fact.epoch] ?? filled(WireHeldLease()) { $0.epoch = fact.epoch }
            if fact.outcome != .returned { lease.begun.append(UInt32(fact.position)) }
            held[fact.epoch] = lease
        }
        let hello = filled(WireHello()) {
            $0.build = "test"
            $0.machineBoot = "boot of \(self.name)"
            $0.journal = Data("journal of \(self.name)".utf8)
            $0.connections = 8
            $0.held = held.sorted { $0.key < $1.key }.map(\.value)
        }
        return self.event(.hello(hello), session: 0)
    }

    private func report(at wall: Timestamp) -> LoopEvent? {
        let untold = self.journal.filter { $0.row > self.toldUpTo }.prefix(200)
        guard let last = untold.last else { return nil }
        self.toldUpTo = last.row
        let report = filled(WireReport()) { report in
            report.number = last.row
            let groups = Dictionary(grouping: untold.map(\.fact), by: \.epoch)
            report.leases = groups.sorted { $0.key < $1.key }.map { epoch, facts in
                filled(WireLeaseReport()) {
                    $0.epoch = epoch
                    $0.position = facts.map { UInt32($0.position) }
                    $0.outcome = facts.map(\.outcome)
                    $0.reasons = [""]
                    $0.reason = facts.map { _ in 0 }
                    $0.replies = [filled(WireReply()) { $0.code = 250 }]
                    $0.reply = facts.map { _ in 0 }
                    $0.at = facts.map { _ in UInt64(wall.milliseconds) }
                    $0.retryAfter = facts.map { _ in 0 }
                }
            }
        }
        return self.event(.report(report))
    }

    // Sending.

    private func send(at now: Instant) {
        for epoch in self.leases.keys.sorted() {
            guard var lease = self.leases[epoch] else { continue }
            if now >= lease.deadline || self.recalled.contains(epoch) {
                for index in lease.waiting { self.note(lease, index, .returned) }
                lease.waiting = []
            }
            for _ in 0..<self.random.number(in: 0...24) where !lease.waiting.isEmpty {
                self.begin(lease.waiting.removeFirst(), of: lease)
            }
            self.leases[epoch] = lease.waiting.isEmpty ? nil : lease
        }
    }

    private func begin(_ index: Int, of lease: Lease) {
        let outcome: WireOutcomeCode =
            switch self.isCalm ? 0 : self.random.number(in: 0...99) {
            case 0..<80: .accepted
            case 80..<88: .deferred
            case 88..<94: .bounced
            case 94..<96: .inDoubt
            default: .returned
            }
        if outcome != .returned {
            self.departs?(lease.grant.campaign, lease.grant.contact[index], outcome == .accepted)
        }
        self.note(lease, index, outcome)
    }

    /// Writes a fact to the journal, in a row of its own.
    private func note(_ lease: Lease, _ index: Int, _ outcome: WireOutcomeCode) {
        self.lastRow += 1
        let position = Int(lease.grant.position[index])
        self.journal.append((self.lastRow, Fact(epoch: lease.grant.epoch, position: position, outcome: outcome)))
    }

    // What comes.

    func receive(_ payload: [UInt8], at now: Instant) throws {
        let frame = try CoordinatorMessage.decode(payload)
        if case .welcome(let welcome) = frame.message {
            self.session = frame.header.session
            self.sequence = 0
            self.ttl = Int64(welcome.leaseTtl)
            // All that is not acknowledged is told again.
            self.toldUpTo = 0
            return
        }
        guard frame.header.session == self.session, self.session != 0 else { return }
        switch frame.message {
        case .grant(let grant):
            self.leases[grant.epoch] = Lease(
                grant: grant,
                waiting: Array(grant.position.indices),
                deadline: self.deadline(grant.nonce)
            )
        case .renew(let renew):
            for epoch in renew.epoch { self.leases[epoch]?.deadline = self.deadline(renew.nonce) }
        case .recall(let recall): self.recalled.formUnion(recall.epoch)
        case .acknowledge(let acknowledge): self.journal.removeAll { $0.row <= acknowledge.number }
        case .problem(let problem):
            self.problems.append(problem.text)
            if problem.sessionUnknown { self.disconnect() }
        case .welcome, .content, .forget, .withdraw: break
        }
    }

    private func deadline(_ nonce: UInt64) -> Instant {
        (self.askedAt[nonce] ?? Instant(milliseconds: 0)).advanced(byMilliseconds: self.ttl)
    }
}

extension SplitMix64 {
    mutating func number(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// True `part` times in a hundred.
    mutating func chance(_ part: Int) -> Bool { self.number(in: 0...99) < part }
}
