/// What a contact's fields say about where they are; empty texts where they say nothing.
package struct RecipientPlace: Hashable, Sendable {
    /// A zone's name in any spelling, or a distance from UTC.
    package var timezone: String
    /// Digits, with `+` when they begin with the country's code.
    package var phone: String
    package var postalCode: String
    package var state: String
    /// Code or name.
    package var country: String

    package init(timezone: String, phone: String, postalCode: String, state: String, country: String) {
        self.timezone = timezone
        self.phone = phone
        self.postalCode = postalCode
        self.state = state
        self.country = country
    }

    /// Names under which lists have these fields, the surest first; `timezone` and `phone` every contact has.
    package enum FieldNames {
        package static let postalCode = [
            "postal_code", "zip", "zip_code", "zipcode", "zip5", "postcode", "post_code", "primary_zip", "mailing_zip",
            "primary_address1_zip", "primary_zip_code", "home_zip", "address_zip", "plz", "code_postal",
        ]
        package static let state = [
            "state", "state_code", "region", "province", "state_province", "primary_state", "mailing_state",
            "primary_address1_state", "home_state", "address_state",
        ]
        package static let country = [
            "country", "country_code", "country_name", "primary_country", "primary_country_code", "mailing_country",
            "home_country", "address_country", "pays", "land",
        ]
    }

    /// In which zones the contact may be.
    ///
    /// | what is known | zones |
    /// |---|---|
    /// | `timezone` | that one |
    /// | ZIP or Canadian postal code, one of a territory overseas, phone number with country or area code | those of both together: a number moves with its owner |
    /// | neither, but a state or province | the state's |
    /// | only the country | all of the country's |
    /// | nothing | none |
    ///
    /// A country that cannot be read might be any: then only what needs none is believed.
    ///
    /// - Parameters:
    ///   - homeCountry: Where a number without country code, a postal code and a state without country are taken to be.
    ///   - source: Knows the zones.
    /// - Returns: Names in order, each once, all known to `source`; empty when nothing tells.
    package func zones(homeCountry: String?, _ source: any ZoneSource) -> [String] {
        self.located(homeCountry: homeCountry, source).names
    }

    /// What the words for the time zone and the country mean.
    package func reading(_ source: any ZoneSource) -> PlaceReading {
        PlaceReading(timezone: self.timezone, country: self.country, source)
    }

    /// As ``zones(homeCountry:_:)``, with what says so: nothing, when there are none.
    func located(homeCountry: String?, _ source: any ZoneSource) -> RecipientZones {
        self.located(self.reading(source), homeCountry: homeCountry, source)
    }

    /// As ``located(homeCountry:_:)``, when the words have been read.
    func located(_ reading: PlaceReading, homeCountry: String?, _ source: any ZoneSource) -> RecipientZones {
        guard reading.zones.isEmpty else {
            return RecipientZones(reading.zones, .timezone, unread: reading.unread, isOffset: reading.isOffset)
        }
        let country = reading.namesCountry ? reading.country : homeCountry
        let (postal, phone) = (self.postalZones(country, source) ?? [], self.phoneZones(country, source) ?? [])
        var zones = postal + phone
        var basis: RecipientZones.Basis =
            phone.isEmpty ? .postalCode : postal.isEmpty ? .phone : .postalCodeAndPhone
        if zones.isEmpty, let country, country == "US" || country == "CA" {
            zones = PostalCodes.region(self.state[...], of: country) ?? []
            basis = .state
        }
        if zones.isEmpty, let named = reading.country {
            zones = source.countries.zones(of: named)
            basis = .country
        }
        let known = Set(zones).filter { source.rules(of: $0) != nil }.sorted()
        return RecipientZones(known, known.isEmpty ? .nothing : basis, unread: reading.unread)
    }

    private func postalZones(_ country: String?, _ source: any ZoneSource) -> [String]? {
        switch country {
        case "US", "PR", "GU", "VI", "AS", "MP": PostalCodes.american(self.postalCode[...])
        case "CA": PostalCodes.canadian(self.postalCode[...])
        case let country?: PostalCodes.territory(self.postalCode, of: country).map { source.countries.zones(of: $0) }
        case nil: nil
        }
    }

    private func phoneZones(_ country: String?, _ source: any ZoneSource) -> [String]? {
        var digits = self.phone[...]
        // As the number was dialled, in what older imports took in.
        let prefix =
            digits.first == "+"
            ? 1 : digits.starts(with: "00") ? 2 : digits.starts(with: "011") && digits.count >= 13 ? 3 : 0
        if prefix > 0 {
            digits = digits.dropFirst(prefix)
            guard digits.first != "1" else { return Self.americanZones(digits.dropFirst(), source) }
            guard let countries = CallingCodes.countries(of: digits) else { return nil }
            return countries.flatMap { source.countries.zones(of: $0) }
        }
        guard country == "US" || country == "CA" else { return nil }
        if digits.count == 11, digits.first == "1" { digits = digits.dropFirst() }
        return digits.count == 10 ? Self.americanZones(digits, source) : nil
    }

    /// Zones of a North American number, without its country code; `nil` for one of no place.
    private static func americanZones(_ digits: Substring, _ source: any ZoneSource) -> [String]? {
        let code = digits.prefix(3)
        if let zones = NorthAmericanCodes.zones(of: code) { return zones }
        // 800, 900 and the like are of no place; any other is newer than the table.
        let isPlaceless =
            ["8", "9", "5", "7", "6"].contains(code.first) && code.dropFirst().allSatisfy { $0 == code.last }
        return isPlaceless ? nil : source.countries.zones(of: "US") + source.countries.zones(of: "CA")
    }
}
