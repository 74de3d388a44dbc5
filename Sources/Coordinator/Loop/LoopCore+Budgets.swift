import Domain
import Engine
import Logging
import Storage
import Telemetry
import UserFiles

/// What is left of a campaign's budget.
///
/// A grant takes its messages out in the transaction that records it; what comes back unsent, refused or put off goes back in.
/// What was accepted, and what may have been, stays out.
struct RunningBudget {
    private(set) var record: BudgetRecord
    var isDirty = false

    init(_ record: BudgetRecord) { self.record = record }

    mutating func debit(_ count: Int) {
        self.record.used += count
        self.isDirty = true
    }

    /// Notes that so many were sent or may have been, as far as more than was known.
    mutating func atLeast(_ count: Int) {
        guard count > self.record.used else { return }
        self.record.used = count
        self.isDirty = true
    }

    mutating func credit(_ count: Int) {
        self.record.used = max(0, self.record.used - count)
        self.isDirty = true
    }
}

extension LoopCore {
    /// Messages that a campaign may still send; `nil` without a budget.
    ///
    /// What the targets say counts as well: after a restored backup more may have been sent than the budget's own count knows.
    func budgetLeft(_ campaign: RunningCampaign) -> Int? {
        guard let budget = campaign.budget else { return nil }
        return max(0, budget.record.messagesMax - max(self.knownUse(of: campaign), budget.record.used))
    }

    /// Messages that were sent, may have been, or are under way, by what the targets say now.
    private func knownUse(of campaign: RunningCampaign) -> Int {
        let counts = campaign.counts
        return counts.accepted + counts.inDoubt + self.leases.open(of: campaign.id).targets
    }

    /// Has the budget pay for what may have been sent before it is sent again: afterwards the targets do not say so any more.
    func payDoubts(of campaign: RunningCampaign) { campaign.budget?.atLeast(self.knownUse(of: campaign)) }

    /// Fixes a campaign's budget at its start, by the price of the day.
    func fixBudget(of campaign: RunningCampaign) throws(StoreError) {
        guard let budget = campaign.plan?.file.budget else { return }
        let record = BudgetRecord(messagesMax: budget.messages(at: self.price(of: campaign)))
        try BudgetStore(self.connection).save(record, of: campaign.id)
        campaign.budget = RunningBudget(record)
    }

    /// Reads the budget of a campaign that started; without its row nothing more may be sent.
    ///
    /// What was approved stands in the file, which the approval is bound to, and the row is not: so it may only be lower. By a price that rose since
    /// the start money pays for fewer messages, too.
    func readBudget(of campaign: RunningCampaign) throws(StoreError) {
        let stored = try BudgetStore(self.connection).budget(of: campaign.id)
        guard let plan = campaign.plan else {
            // What comes back unsent goes back in all the same.
            campaign.budget = stored.map { RunningBudget($0) }
            return
        }
        guard let approved = plan.file.budget, campaign.record.startedAt != nil else { return }
        let most = approved.messages(at: self.price(of: campaign))
        let found = stored ?? BudgetRecord(messagesMax: 0)
        campaign.budget = RunningBudget(BudgetRecord(messagesMax: min(found.messagesMax, most), used: found.used))
        guard let messages = approved.messagesMax, found.messagesMax > messages else { return }
        let id = campaign.id.publicID
        self.log(
            LoopNote(
                .error,
                .storage,
                "\(id) has a budget of \(found.messagesMax) messages in the database, and \(messages) were approved: \(messages) hold",
                [(.campaign, .string(id))]
            )
        )
    }

    /// What a message costs now; nothing where the price is not known.
    private func price(of campaign: RunningCampaign) -> Money {
        self.options.relays[campaign.record.relay]?.costPerMessage ?? Money(billionths: 0)
    }

    func saveBudget(of campaign: RunningCampaign) throws(StoreError) {
        guard let budget = campaign.budget, budget.isDirty else { return }
        try BudgetStore(self.connection).save(budget.record, of: campaign.id)
        campaign.budget?.isDirty = false
    }

    /// Pauses a campaign of whose budget nothing is left.
    ///
    /// - Returns: `false` while messages are under way that may come back unsent.
    func pauseForBudget(_ campaign: RunningCampaign) throws(StoreError) -> Bool {
        guard self.leases.open(of: campaign.id).targets == 0 else { return false }
        campaign.record.state = .paused
        campaign.isDirty = true
        try self.audit("pause", campaign.record, by: "budget")
        self.note(campaign.record, "is paused: \(self.budgetProblem(campaign) ?? "")")
        return true
    }

    /// Why a campaign that is paused cannot go on; `nil` when its budget is not the reason.
    func budgetProblem(_ campaign: RunningCampaign) -> String? {
        guard let budget = campaign.budget, campaign.record.state == .paused, self.budgetLeft(campaign) == 0 else {
            return nil
        }
        let id = campaign.id.publicID
        return "its budget is used up (\(budget.record.messagesMax) messages); to write to those who are left: "
            + "'postrider campaign cancel \(id)', then 'postrider campaign clone \(id) --unsent --budget N'"
    }
}
