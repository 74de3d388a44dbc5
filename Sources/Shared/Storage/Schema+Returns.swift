extension Schema {
    /// Who did what with a campaign's messages, for segments.
    static let returns = "CREATE INDEX event_kind ON event (kind, campaign, contact)"
}
