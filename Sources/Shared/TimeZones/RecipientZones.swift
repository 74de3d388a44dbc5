/// Where a recipient may be, and what says so.
package struct RecipientZones: Hashable, Sendable {
    /// IANA names in order, each once.
    package let names: [String]
    package let basis: Basis
    /// What the contact's fields say and nobody can read: the window is narrower then, as when nothing is known.
    package let unread: PlaceReading.Unread
    /// Whether the zone is only a distance from UTC: those clocks may be an hour off when summer time begins or ends.
    let isOffset: Bool

    /// Whether the hours are those of a narrower window.
    var isUnsure: Bool { self.basis == .nothing || self.isOffset || !self.unread.isEmpty }

    /// From what the zones were taken.
    package enum Basis: Hashable, Sendable {
        /// The contact's own field `timezone`, a zone's name or a distance from UTC.
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

    init(_ names: [String], _ basis: Basis, unread: PlaceReading.Unread = [], isOffset: Bool = false) {
        self.names = names
        self.basis = basis
        self.unread = unread
        self.isOffset = isOffset
    }
}
