extension Schema {
    /// Whose messages a person was sent, for frequency caps.
    ///
    /// Contacts are frozen in order of their ids, so that a campaign's entries are written side by side.
    static let caps = "CREATE INDEX target_contact ON target (contact)"
}
