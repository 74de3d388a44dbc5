import Domain
import Engine
import Wire
import WorkerCore

/// What an onlooker between a worker and everybody else knows: what it was granted, until when, and what it wrote and said.
///
/// Knows nothing of the worker's own state, so that the laws are judged by what happened.
final class WorkerWitness {
    struct Message: Hashable {
        let campaign: Int64
        let contact: Int64
    }

    struct Granted {
        let epoch: Epoch
        let key: TargetKey
        /// Of the world.
        let at: Int64
    }

    struct ReportedFact {
        let number: UInt64
        let epoch: Epoch
        let position: UInt32
        let outcome: Outcome
        /// The relay said that there is no such address.
        let isGone: Bool
    }

    let name: String
    private var ttl: Int64 = 0
    private var asked: [UInt64: Instant] = [:]
    private var leases: [Epoch: (campaign: Campaign.ID, lane: Int)] = [:]
    /// Each change of a lease's deadline: since when it holds, and the deadline, both by the worker's clock.
    private var deadlines: [Epoch: [(since: Instant, deadline: Instant)]] = [:]
    private var grants: [Message: [Granted]] = [:]
    private var contacts: [JournalledTarget: Int64] = [:]
    private var intents: [JournalledTarget: Int64] = [:]
    private var reported: [ReportedFact] = []
    /// When it heard that a target must not be sent, in the world's time.
    private var withdrawals: [JournalledTarget: Int64] = [:]
    /// What it heard counts in its present session only.
    private var session: UInt64 = 0

    init(_ name: String) { self.name = name }

    /// Numbers begin anew with a new journal.
    func journalLost() { self.reported.removeAll() }

    // MARK: What went by

    func said(_ frame: [UInt8], at now: Instant) {
        guard let message = try? WorkerMessage.decode(frame).message else { return }
        switch message {
        case .credit(let credit): self.asked[credit.nonce] = now
        case .progress(let progress): self.asked[progress.nonce] = now
        case .report(let report):
            for part in report.leases {
                guard let facts = try? ReceivedLeaseReport(part) else { continue }
                for (index, position) in facts.positions.enumerated() {
                    guard case .settled(let outcome) = facts.outcomes[index] else { continue }
                    self.reported.append(
                        ReportedFact(
                            number: report.number,
                            epoch: facts.epoch,
                            position: position,
                            outcome: outcome,
                            isGone: outcome == .bounced && facts.reasons[index] == .mailbox
                                && facts.replies[Int(facts.replyIndexes[index])].text.contains("no such mailbox")
                        )
                    )
                }
            }
        case .hello: self.session = 0
        case .relayState, .goodbye: break
        }
    }

    func heard(_ frame: [UInt8], at now: Instant, worldTime: Int64) {
        guard let framed = try? CoordinatorMessage.decode(frame) else { return }
        switch framed.message {
        case .welcome(let welcome):
            self.ttl = Int64(welcome.leaseTtl)
            self.session = framed.header.session
        case .withdraw(let withdraw):
            guard framed.header.session == self.session else { return }
            for (epoch, position) in zip(withdraw.epoch, withdraw.position) {
                let target = JournalledTarget(epoch: Epoch(epoch), position: position)
                self.withdrawals[target] = self.withdrawals[target] ?? worldTime
            }
        case .grant(let grant): self.granted(grant, at: now, worldTime: worldTime)
        case .renew(let renew):
            guard let asked = self.asked[renew.nonce] else { return }
            for epoch in renew.epoch {
                self.deadlines[Epoch(epoch), default: []].append((now, asked.advanced(byMilliseconds: self.ttl)))
            }
        case .content, .recall, .acknowledge, .problem, .forget: break
        }
    }

    private func granted(_ grant: WireGrant, at now: Instant, worldTime: Int64) {
        let epoch = Epoch(grant.epoch)
        guard let asked = self.asked[grant.nonce], self.leases[epoch] == nil else { return }
        let campaign = Campaign.ID(Int64(grant.campaign))
        self.leases[epoch] = (campaign, Int(grant.lane))
        self.deadlines[epoch] = [(now, asked.advanced(byMilliseconds: self.ttl))]
        for (position, contact) in zip(grant.position, grant.contact) {
            let message = Message(campaign: campaign.rawValue, contact: Int64(contact))
            let key = TargetKey(campaign: campaign, lane: Int(grant.lane), position: Int(position))
            self.contacts[JournalledTarget(epoch: epoch, position: position)] = Int64(contact)
            self.grants[message, default: []].append(Granted(epoch: epoch, key: key, at: worldTime))
        }
    }

    func journalled(_ targets: [JournalledTarget], at time: Int64) {
        for target in targets { self.intents[target] = time }
    }

    // MARK: What is asked

    /// The grant under which a message left at that time.
    func grant(of message: Message, at time: Int64) -> Granted? {
        self.grants[message]?.last { $0.at <= time }
    }

    /// The latest deadline of a lease that the worker knew at that time by its clock.
    func deadline(of epoch: Epoch, at now: Instant) -> Instant? {
        self.deadlines[epoch]?.filter { $0.since <= now }.map(\.deadline).max()
    }

    /// Whom a target that it was granted is about.
    func contact(_ target: JournalledTarget) -> Int64? { self.contacts[target] }

    /// When the intent was in the journal, in the world's time.
    func intended(_ epoch: Epoch, position: Int) -> Int64? {
        self.intents[JournalledTarget(epoch: epoch, position: UInt32(position))]
    }

    /// When it heard that the target must not be sent, in the world's time.
    func withdrawn(_ epoch: Epoch, position: Int) -> Int64? {
        self.withdrawals[JournalledTarget(epoch: epoch, position: UInt32(position))]
    }

    func key(_ epoch: Epoch, position: UInt32) -> TargetKey? {
        self.leases[epoch].map { TargetKey(campaign: $0.campaign, lane: $0.lane, position: Int(position)) }
    }

    /// Takes the facts that an acknowledgement of `number` covers.
    func acknowledged(_ number: UInt64) -> [ReportedFact] {
        let covered = self.reported.filter { $0.number <= number }
        self.reported.removeAll { $0.number <= number }
        return covered
    }
}
