import Domain
import Engine
import Logging
import Storage
import Telemetry
import UserFiles
import Wire

/// Who must not be written to.
///
/// What is called here in a turn is checked by the grants of that same turn, and targets that are on workers are asked back when
/// it is committed.
extension LoopCore {
    var suppressions: SuppressionStore { SuppressionStore(self.connection, key: self.options.addressKey) }

    /// Suppresses an address, whether or not a contact has it.
    ///
    /// - Parameters:
    ///   - address: In canonical form: for e-mail ``EmailAddress/key``.
    ///   - channel: Where it must not be written to.
    ///   - reason: Why; of two reasons the weightier is kept.
    ///   - evidence: What shows it, for people; no addresses.
    ///   - who: Whose token, or which part of the program.
    ///   - at: When it came to be so; now, unless it is told of something earlier.
    /// - Returns: Whether it was not suppressed before, and the contacts whose messages reach its mailbox.
    /// - Throws: What the store throws.
    @discardableResult
    func suppress(
        _ address: String,
        on channel: SuppressionChannel = .email,
        reason: SuppressionReason,
        evidence: String,
        by who: String,
        at: Timestamp? = nil
    ) throws(StoreError) -> (isNew: Bool, contacts: [Contact.ID]) {
        let record = SuppressionRecord(
            channel: channel,
            address: self.options.addressKey.hash(address, on: channel),
            reason: reason,
            at: at ?? self.wall,
            evidence: evidence,
            who: who
        )
        let added = try self.suppressions.add(record, address: address)
        self.withdrawn.formUnion(added.contacts)
        return added
    }

    /// Lets an address be written to again; who did so and why stands in the audit table.
    ///
    /// - Throws: ``OperationError/notFound(_:)`` when it is not suppressed.
    func unsuppress(
        _ address: String,
        on channel: SuppressionChannel = .email,
        because why: String,
        by who: String
    ) throws -> SuppressionRecord {
        guard let record = try self.suppressions.remove(address, on: channel) else {
            throw OperationError.notFound("this address is not suppressed for \(channel.rawValue)")
        }
        try self.audit(
            "unsuppress",
            on: "\(channel.rawValue) \(record.address.text) (\(record.reason.rawValue)): \(why)",
            by: who
        )
        return record
    }

    /// Takes a person out of one list, for good.
    ///
    /// - Parameters:
    ///   - list: Its name.
    ///   - address: In canonical form.
    /// - Throws: What the store throws.
    func leave(list: String, address: String) throws(StoreError) {
        guard let id = try ListStore(self.connection).id(named: list) else { return }
        self.withdrawn.formUnion(try self.suppressions.leave(id, address: address, at: self.wall))
    }

    /// Takes a person out of one list, for good, at an address that a contact has or had.
    func leave(list: String, _ address: HeldAddress) throws(StoreError) {
        guard let id = try ListStore(self.connection).id(named: list) else { return }
        try self.suppressions.leave(id, address, at: self.wall)
        if let contact = address.holder { self.withdrawn.formUnion(try self.suppressions.sharers(of: contact)) }
    }

    /// Suppresses an e-mail address that a contact has or had.
    func suppress(
        _ address: HeldAddress,
        reason: SuppressionReason,
        evidence: String,
        by who: String
    ) throws(StoreError) {
        let record = SuppressionRecord(
            channel: .email,
            address: address.hash,
            reason: reason,
            at: self.wall,
            evidence: evidence,
            who: who
        )
        _ = try self.suppressions.add(record, holder: address.holder)
        if let contact = address.holder { self.withdrawn.formUnion(try self.suppressions.sharers(of: contact)) }
    }

    /// Whether a contact with these bars must not get a message of this campaign.
    func isBarred(_ bars: ContactBars, _ contact: Contact.ID, in campaign: RunningCampaign) throws(StoreError) -> Bool {
        // Nearly everybody.
        guard !bars.isEmpty else { return false }
        // What it is for cannot be told any more.
        guard let plan = campaign.plan, !bars.contains(plan.bar) else { return true }
        guard bars.contains(.lists), !plan.lists.isEmpty else { return false }
        var left: Set<String> = []
        for name in plan.lists {
            if try self.suppressions.hasLeft(name, contact: contact) { left.insert(name) }
        }
        guard !left.isEmpty else { return false }
        // Who is meant by another list as well, or by something else, still is.
        guard let audience = plan.audienceExpression else { return true }
        return try !ContactQuestion(audience.afterLeaving(left)).fits(contact, on: self.connection)
    }
}

/// Targets on workers that must not be sent any more.
///
/// A worker hands back those whose last byte is not out; back here, they meet the check that every grant makes, which settles them.
extension LoopCore {
    /// Asks workers for the targets of everybody who was barred in this turn.
    func withdrawBarred() throws(StoreError) {
        guard !self.withdrawn.isEmpty else { return }
        let barred = self.withdrawn
        self.withdrawn.removeAll()
        for session in self.sortedSessions() { try self.withdraw(from: session) { barred.contains($0) } }
    }

    /// Asks a worker that came back for what was barred while it was away, or before the loop was started.
    func withdrawAll(of session: WorkerSession) throws(StoreError) {
        try self.withdraw(from: session) { _ in true }
    }

    /// Asks for the targets of a worker's leases whose contacts fit and are barred.
    private func withdraw(from session: WorkerSession, where fits: (Contact.ID) -> Bool) throws(StoreError) {
        var message = WireWithdraw()
        for epoch in self.leases.epochs(of: session.name) {
            guard let lease = self.leases[epoch], let campaign = self.campaigns[lease.campaign] else { continue }
            for index in lease.members.indices where lease.isOpen(at: index) && fits(lease.members[index].contact) {
                let contact = lease.members[index].contact
                // Whoever was erased is written to no more.
                if let bars = try self.suppressions.bars(of: contact) {
                    guard try self.isBarred(bars, contact, in: campaign) else { continue }
                }
                message.epoch.append(epoch.rawValue)
                message.position.append(UInt32(lease.members[index].position))
            }
        }
        guard !message.epoch.isEmpty else { return }
        self.say(.withdraw(message), to: session)
    }
}
