extension Schema {
    /// What campaigns with a budget may send and have sent.
    ///
    /// `used` counts messages that were granted and did not come back unsent.
    static let budgets = """
        CREATE TABLE campaign_budget (
            campaign INTEGER PRIMARY KEY, messages_max INTEGER NOT NULL, used INTEGER NOT NULL
        ) STRICT;
        """
}
