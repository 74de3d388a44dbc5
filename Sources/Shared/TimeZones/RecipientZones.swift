/// Where a recipient may be, and what says so.
package struct RecipientZones: Hashable, Sendable {
    /// IANA names in order, each once.
    package let names: [String]
    package let basis: Basis

    /// From what the zones were taken.
    package enum Basis: Hashable, Sendable {
        /// The contact's own field `timezone`.
        case timezone
        case postalCode
        case phone
        case postalCodeAndPhone
        case state
        case country
        /// Nothing is known of the contact: all zones of the campaign's country, and its own.
        case nothing
        /// The campaign's clocks count for everybody.
        case campaign
    }

    init(_ names: [String], _ basis: Basis) {
        self.names = names
        self.basis = basis
    }
}
