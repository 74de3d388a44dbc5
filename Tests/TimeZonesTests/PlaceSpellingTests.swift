import Domain
import Foundation
import Testing

@testable import TimeZones

@Suite("Countries and time zones as lists spell them")
struct PlaceSpellingTests {
    static let names: [(code: String, names: [String])] = [
        (
            "KR",
            [
                "KOR", "Korea", "South Korea", "Republic of Korea", "Korea, Republic of", "KOREA (REPUBLIC OF)",
                "대한민국",
            ]
        ),
        ("RU", ["RUS", "Russian Federation", "Россия"]), ("GB", ["GBR", "UK", "Great Britain", "england", "U.K."]),
        ("FR", ["FRA", "République française", "Frankreich"]),
        ("DE", ["DEU", "Bundesrepublik Deutschland", "Alemania"]),
        ("ES", ["ESP", "España", "Espan\u{303}a"]), ("NL", ["The Netherlands", "NLD", "Nederland", "Holland"]),
        ("VN", ["Viet Nam", "Vietnam"]), ("TR", ["Türkiye", "Turkiye", "TURKEY"]), ("PL", ["Polska"]),
        ("SE", ["Sverige"]),
        ("NO", ["Norge"]), ("DK", ["Danmark"]), ("BR", ["Brasil", "BRA"]), ("MX", ["México", "mexico"]),
        ("IN", ["भारत", "IND"]),
        ("JP", ["日本", "Japan"]), ("US", [" United  States of America ", "U.S.A.", "us", "Estados Unidos", "USA"]),
        ("CI", ["Ivory Coast", "Cote d'Ivoire"]), ("CZ", ["Czech Republic", "Česko"]),
        ("IE", ["Republic of Ireland", "Éire"]),
        ("BO", ["Bolivia (Plurinational State of)"]), ("KN", ["St. Kitts and Nevis"]), ("CN", ["P.R. China", "中国"]),
        ("TW", ["Taiwan, Province of China"]), ("KP", ["Korea (Democratic People's Republic of)"]),
        ("CD", ["Congo, The Democratic Republic of the"]), ("BA", ["Bosnia & Herzegovina"]),
    ]

    @Test(
        "a country is known by its codes, its English names and its own",
        arguments: Self.names
    )
    func countries(code: String, names: [String]) throws {
        let countries = try SystemZones().countries
        for name in names { #expect(countries.code(of: name) == code, "\(name)") }
    }

    @Test("what is no country is none", arguments: ["Atlantis", "Republic", "the", "ZZ", "ZZZ", "12345", "New Jersey"])
    func noCountry(name: String) throws { #expect(try SystemZones().countries.code(of: name) == nil) }

    @Test("every country of the system's table is known by both its codes and its name, and no name is two countries'")
    func everyCountry() throws {
        let source = try SystemZones()
        var codes: [String: String] = [:]
        var names = 0
        for (code, name) in CountryName.names {
            names += 1
            #expect(CountryName.code(of: name) == code, "\(name)")
            let key = CountryName.words(name).joined(separator: " ")
            #expect(codes[key] == nil || codes[key] == code, "\(name) is \(codes[key] ?? "")'s too")
            codes[key] = code
        }
        #expect(names > 500)
        let table = try String(contentsOfFile: "\(SystemZones.folder)/iso3166.tab", encoding: .utf8)
        var countries = 0
        for line in table.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.split(separator: "\t")
            countries += 1
            #expect(source.countries.code(of: String(fields[1])) == String(fields[0]))
            #expect(CountryName.code(of: String(fields[1])) == String(fields[0]), "\(line)")
        }
        #expect(countries > 240)
    }

    static let spelled: [(text: String, zones: [String])] = [
        ("europe/berlin", ["Europe/Berlin"]), ("Europe/Berlin ", ["Europe/Berlin"]),
        ("\u{A0}AMERICA/NEW_YORK", ["America/New_York"]), ("America/New York", ["America/New_York"]),
        ("US/Pacific", ["US/Pacific"]), ("asia/calcutta", ["Asia/Calcutta"]), ("utc", ["UTC"]), ("Z", ["UTC"]),
        ("Pacific Standard Time", ["America/Los_Angeles"]), ("Pacific Daylight Time", ["America/Los_Angeles"]),
        ("W. Europe Standard Time", ["Europe/Berlin"]), ("E. South America Standard Time", ["America/Sao_Paulo"]),
        ("Central Standard Time (Mexico)", ["America/Mexico_City"]), ("India Standard Time", ["Asia/Kolkata"]),
        ("US Mountain Standard Time", ["America/Phoenix"]), ("Russia Time Zone 3", ["Europe/Samara"]),
        ("Eastern Time (US & Canada)", ["America/New_York"]), ("Eastern Time (US &amp; Canada)", ["America/New_York"]),
        ("(GMT-05:00) Eastern Time (US & Canada)", ["America/New_York"]), ("Hawaii", ["Pacific/Honolulu"]),
        ("New Delhi", ["Asia/Kolkata"]), ("Berlin", ["Europe/Berlin"]), ("Hong Kong", ["Asia/Hong_Kong"]),
        ("Nuku'alofa", ["Pacific/Tongatapu"]), ("EST", ["America/New_York", "America/Panama"]),
        ("PT", ["America/Los_Angeles"]), ("CEST", ["Europe/Berlin"]), ("cet", ["CET"]),
        ("EST5EDT", ["EST5EDT"]), ("Etc/GMT+1", ["Etc/GMT+1"]), ("etc/gmt+1", ["Etc/GMT+1"]),
        // A sign means what people mean by it; only the file's name has it the other way round.
        ("GMT+1", ["UTC+01:00"]), ("UTC+05:30", ["UTC+05:30"]), ("+02:00", ["UTC+02:00"]), ("utc -8", ["UTC-08:00"]),
        ("-0330", ["UTC-03:30"]), ("UTC\u{2212}3", ["UTC-03:00"]), ("+5.5", ["UTC+05:30"]), ("GMT+0", ["UTC+00:00"]),
        ("(UTC+01:00) Amsterdam, Rome, Vienna", ["UTC+01:00"]),
    ]

    @Test(
        "a time zone is known in any case, by old names, by other programs' names, and as a distance",
        arguments: Self.spelled
    )
    func timezones(text: String, zones: [String]) throws {
        let reading = PlaceReading(timezone: text, country: "", try SystemZones())
        #expect(reading.zones == zones)
        #expect(reading.unread.isEmpty)
        #expect(reading.isOffset == (zones.first?.contains(":") ?? false))
    }

    @Test(
        "what is no zone, or more than one, is none",
        arguments: [
            "Nowhere/Land", "CST", "IST", "UTC+15", "UTC+05:20", "-300", "5", "+", "Moon Standard Time",
            "../../etc/passwd",
            "right/UTC", "+1:2", "GMT+1+1", "San Juan",
        ]
    )
    func noZone(text: String) throws {
        let reading = PlaceReading(timezone: text, country: "", try SystemZones())
        #expect(reading.zones.isEmpty)
        #expect(reading.unread == .timezone)
    }

    @Test("every nickname is a zone of the system's")
    func nicknames() throws {
        let source = try SystemZones()
        for (name, zones) in ZoneNicknames.zones {
            for zone in zones { #expect(source.rules(of: zone) != nil, "\(name): \(zone)") }
        }
        #expect(ZoneNicknames.zones.count > 350)
    }

    @Test("an old name whose file is not installed is the zone that it stands for")
    func withoutOldNames() throws {
        let reading = PlaceReading(timezone: "us/pacific", country: "", try WithoutOldNames())
        #expect(reading.zones == ["America/Los_Angeles"])
    }

    @Test("a cell that says nothing is no mistake", arguments: ["", " ", "N/A", "-", "unknown", "NULL"])
    func nothing(text: String) throws {
        let reading = PlaceReading(timezone: text, country: text, try SystemZones())
        #expect(reading.unread.isEmpty && reading.zones.isEmpty && !reading.namesCountry)
    }
}

/// A system that has no files for old names.
private struct WithoutOldNames: ZoneSource {
    private let system: SystemZones

    init() throws { self.system = try SystemZones() }

    var countries: ZoneCountries { self.system.countries }
    var spellings: ZoneSpellings { self.system.spellings }

    func rules(of zone: String) -> ZoneRules? { zone.hasPrefix("US/") ? nil : self.system.rules(of: zone) }
}
