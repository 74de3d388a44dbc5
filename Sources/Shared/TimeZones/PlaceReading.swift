/// What a contact's words for a time zone and a country mean.
package struct PlaceReading: Hashable, Sendable {
    /// Which of the two says something that cannot be read.
    package struct Unread: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let timezone = Self(rawValue: 1)
        package static let country = Self(rawValue: 2)
    }

    /// Names of zones, all known; empty when the time zone says nothing, or cannot be read.
    let zones: [String]
    /// Whether the zone is a distance from UTC.
    let isOffset: Bool
    /// ISO 3166-1, two letters; `nil` when the country says nothing, or cannot be read.
    let country: String?
    /// Whether the country says something.
    let namesCountry: Bool
    package let unread: Unread

    /// - Parameters:
    ///   - timezone: As the contact has it.
    ///   - country: As the contact has it; it does not matter beside a time zone that can be read.
    ///   - source: Knows the zones.
    package init(timezone: String, country: String, _ source: any ZoneSource) {
        var unread: Unread = []
        var zones: [String] = []
        var isOffset = false
        if timezone.utf8.contains(UInt8(ascii: "/")), source.rules(of: timezone) != nil {
            zones = [timezone]
        } else if Self.says(timezone) {
            switch source.spellings.meaning(of: timezone, source) {
            case .zones(let names): zones = names
            case .offset(let offset):
                zones = [offset.name]
                isOffset = true
            case nil: unread.insert(.timezone)
            }
        }
        self.namesCountry = Self.says(country)
        self.country = self.namesCountry ? source.countries.code(of: country) : nil
        if self.namesCountry, self.country == nil, zones.isEmpty { unread.insert(.country) }
        self.zones = zones
        self.isOffset = isOffset
        self.unread = unread
    }

    /// What stands in a cell that has nothing to say.
    private static let nothing: Set<String> = [
        "", "-", "--", "?", "n/a", "none", "null", "nil", "unknown", "undefined", "not set", "not specified",
    ]

    private static func says(_ text: String) -> Bool {
        // Only such a short text can be one of them.
        guard text.utf8.count <= 16 else { return true }
        guard !text.isEmpty else { return false }
        return !Self.nothing.contains(text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " "))
    }
}
