/// Where time zones come from: the system's files, or a test's own.
package protocol ZoneSource: Sendable {
    /// What clocks show in a zone with an IANA name; `nil` when there is none, or it cannot be read.
    func rules(of zone: String) -> ZoneRules?

    /// Which zones the countries have.
    var countries: ZoneCountries { get }

    /// How names of zones are spelled.
    var spellings: ZoneSpellings { get }
}

extension ZoneSource {
    /// The country that a zone is in, also by one of its old names; `nil` for one that is in none, such as UTC.
    package func country(ofZone zone: String) -> String? {
        self.countries.country(ofZone: zone)
            ?? self.spellings.target(ofZone: zone).flatMap { self.countries.country(ofZone: $0) }
    }
}

/// Which zones a country has, and what it is called: the system's `zone.tab` and `iso3166.tab`.
package struct ZoneCountries: Hashable, Sendable {
    private var zones: [String: [String]] = [:]
    private var countryOfZone: [String: String] = [:]
    private var codeOfName: [String: String] = [:]

    /// - Parameters:
    ///   - zoneTab: Lines of country code, place, zone and remark, with tabs between; others are passed over.
    ///   - countryTab: Lines of country code and name.
    package init(zoneTab: String, countryTab: String) {
        for fields in Self.lines(zoneTab) where fields.count >= 3 {
            self.zones[fields[0], default: []].append(fields[2])
            self.countryOfZone[fields[2]] = fields[0]
        }
        for fields in Self.lines(countryTab) where fields.count >= 2 {
            self.codeOfName[fields[1].lowercased()] = fields[0]
        }
    }

    private static func lines(_ text: String) -> [[String]] {
        text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// Zones of a country.
    ///
    /// - Parameter code: ISO 3166-1, two capital letters.
    /// - Returns: IANA names; empty for a code that is no country's.
    package func zones(of code: String) -> [String] { self.zones[code] ?? [] }

    /// The country that a zone is in; `nil` for one that is in none, such as UTC.
    package func country(ofZone zone: String) -> String? { self.countryOfZone[zone] }

    /// The code of a country that a list names by a code of two or three letters, or by a name.
    package func code(of name: String) -> String? {
        if name.utf8.count == 2, self.zones[name] != nil { return name }
        let lower = name.lowercased()
        if let code = self.codeOfName[lower] { return code }
        let trimmed = lower.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let code = trimmed.uppercased()
        if code.utf8.count == 2, self.zones[code] != nil { return code }
        return self.codeOfName[trimmed] ?? CountryName.code(of: trimmed)
    }
}

/// The form of an IANA zone name, so that it can name a file.
package enum ZoneName {
    /// The longest is 32 long.
    package static let lengthMax = 64

    /// Whether the text has the form of a name such as `America/New_York`; whether there is such a zone is another matter.
    package static func isPossible(_ text: some StringProtocol) -> Bool {
        guard (1...Self.lengthMax).contains(text.utf8.count) else { return false }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        // These folders have the same zones counted otherwise.
        guard parts.first != "right", parts.first != "posix" else { return false }
        return parts.allSatisfy { part in
            guard let first = part.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+") else {
                return false
            }
            return part.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
            }
        }
    }
}
