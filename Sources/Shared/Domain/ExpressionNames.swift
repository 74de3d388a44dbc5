/// Everything that a condition may name.
package struct ExpressionNames: Sendable {
    /// Found in any case.
    package var fields: [Field]
    package var lists: [String] = []
    package var sources: [String] = []
    /// Conditions of the defined segments, by name.
    package var segments: [String: String] = [:]
    /// Campaigns that had people to write to; several may have one name.
    package var campaigns: [(id: Campaign.ID, name: String)] = []
    /// What `today` is, as `2026-11-22`, in UTC; `nil` where there is no day to count from.
    package var today: String?

    package init(fields: [Field]) { self.fields = fields }
}
