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

    /// The form in which an address or a telephone number is compared, as imports write it; `nil` for what is none.
    package var canonical: @Sendable (ContactName, String) -> String? = { _, _ in nil }

    /// What is compared by what it means, and not by how it was written.
    package enum ContactName: String, Hashable, Sendable {
        /// As ``EmailAddress/key``.
        case email
        /// As ``PhoneKey``.
        case phone
    }

    package init(fields: [Field]) { self.fields = fields }
}
