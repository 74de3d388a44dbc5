package import Domain

/// What a campaign with a budget may send, and what of it is used.
package struct BudgetRecord: Hashable, Sendable {
    /// Messages, by whichever bound of the budget is lower; fixed when the campaign starts.
    package let messagesMax: Int
    /// Messages that were granted and did not come back unsent.
    package var used: Int

    package init(messagesMax: Int, used: Int = 0) {
        self.messagesMax = messagesMax
        self.used = used
    }
}

/// Budgets of campaigns that started.
package struct BudgetStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// The budget of a campaign; `nil` when none was fixed.
    package func budget(of campaign: Campaign.ID) throws(StoreError) -> BudgetRecord? {
        let row = try self.connection.prepare("SELECT messages_max, used FROM campaign_budget WHERE campaign = ?1")
        defer { row.reset() }
        row.bind(1, campaign.rawValue)
        return try row.step() ? BudgetRecord(messagesMax: Int(row.integer(0)), used: Int(row.integer(1))) : nil
    }

    /// Writes a budget, in the transaction that changes it.
    package func save(_ budget: BudgetRecord, of campaign: Campaign.ID) throws(StoreError) {
        let statement = try self.connection.prepare(
            """
            INSERT INTO campaign_budget (campaign, messages_max, used) VALUES (?1, ?2, ?3)
            ON CONFLICT (campaign) DO UPDATE SET used = excluded.used
            """
        )
        statement.bind(1, campaign.rawValue)
        statement.bind(2, budget.messagesMax)
        statement.bind(3, budget.used)
        try statement.run()
    }
}
