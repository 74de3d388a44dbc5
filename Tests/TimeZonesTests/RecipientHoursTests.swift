import Domain
import Testing

@testable import TimeZones

@Suite("The hours of recipients")
struct RecipientHoursTests {
    private static func place(
        _ timezone: String = "",
        phone: String = "",
        zip: String = "",
        state: String = "",
        country: String = ""
    ) -> RecipientPlace {
        RecipientPlace(timezone: timezone, phone: phone, postalCode: zip, state: state, country: country)
    }

    private static let europe = [
        "Asia/Dubai", "Atlantic/Azores", "Europe/Berlin", "Europe/Istanbul", "Europe/London",
    ]
    private static let pacific = [
        "Asia/Bangkok", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
    ]

    @Test(
        "where somebody is follows from their fields, the surest first",
        arguments: [
            (place("Europe/Paris", phone: "+12125550100", zip: "10001"), "US", ["Europe/Paris"]),
            (place("Nowhere/Land", zip: "10001"), "US", ["America/New_York"]),
            (place(zip: "37201-1234", country: "United States"), nil, ["America/Chicago"]),
            (place(zip: "1001", country: "US"), nil, ["America/New_York"]),
            (place(zip: "69101", country: "usa"), nil, ["America/Chicago", "America/Denver"]),
            // In Germany it is Berlin's, and no ZIP code of Pennsylvania's.
            (place(zip: "16225", country: "DE"), "US", ["Europe/Berlin", "Europe/Busingen"]),
            (place(zip: "16225"), "DE", []),
            (place(zip: "90210", state: "NY", country: "US"), nil, ["America/Los_Angeles"]),
            (
                place(phone: "+1 212".filter { $0 != " " } + "5550100", zip: "90210", country: "US"), nil,
                ["America/Los_Angeles", "America/New_York"]
            ),
            (place(phone: "3035550100"), "US", ["America/Denver"]),
            (place(phone: "13035550100"), "US", ["America/Denver"]),
            (place(phone: "3035550100"), "FR", []),
            (place(phone: "+33612345678"), nil, ["Europe/Paris"]),
            (
                place(phone: "+447700900123"), nil,
                ["Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey", "Europe/London"]
            ),
            (place(phone: "+18005550100"), nil, []),
            (place(state: "tx"), "US", ["America/Chicago", "America/Denver"]),
            (
                place(zip: "V5K 0A1", country: "Canada"), nil,
                ["America/Edmonton", "America/Phoenix", "America/Vancouver"]
            ),
            (place(country: "India"), nil, ["Asia/Kolkata"]),
            (place(zip: "10001", country: "Atlantis"), "US", []),
            (place(zip: "10001", country: "n/a"), "US", ["America/New_York"]),
            (place("CST", country: "China"), "US", ["Asia/Shanghai", "Asia/Urumqi"]),
            // Mail of the military goes there and not to New York, and the code does not say where.
            (place(zip: "09007"), "US", Self.europe), (place(zip: "9007"), "US", Self.europe),
            (
                place(zip: "09399", country: "US"), nil,
                ["Asia/Dubai", "Asia/Karachi", "Europe/Berlin", "Europe/Istanbul", "Europe/London"]
            ), (place(zip: "08999"), "US", ["America/New_York"]), (place(zip: "10000"), "US", ["America/New_York"]),
            (
                place(zip: "34002"), "US",
                ["America/New_York", "America/Puerto_Rico", "America/Sao_Paulo", "America/Tegucigalpa"]
            ), (place(zip: "96204"), "US", Self.pacific), (place(zip: "96521"), "US", Self.pacific),
            (place(state: "AE"), "US", (Self.europe + ["Asia/Karachi"]).sorted()),
            (place(zip: "00802"), "US", ["America/Puerto_Rico"]),
            (place(zip: "96799"), "US", ["Pacific/Honolulu", "Pacific/Pago_Pago"]),
            // Territories overseas.
            (place(zip: "97400", country: "France"), nil, ["Indian/Reunion"]),
            (place(zip: "F-97110", country: "FR"), nil, ["America/Guadeloupe"]),
            (place(zip: "97200", country: "FRA"), nil, ["America/Martinique"]),
            (place(zip: "97300"), "FR", ["America/Cayenne"]), (place(zip: "97600"), "FR", ["Indian/Mayotte"]),
            (place(zip: "98 800", country: "FR"), nil, ["Pacific/Noumea"]),
            (place(phone: "+262692000000", zip: "97400", country: "FR"), nil, ["Indian/Mayotte", "Indian/Reunion"]),
            (place(zip: "75001", country: "FR"), nil, ["Europe/Paris"]),
            (place(zip: "98000", country: "FR"), nil, ["Europe/Paris"]),
            (place(zip: "3900", country: "Danmark"), nil, SystemZones.greenland),
            (place(zip: "2100", country: "DK"), nil, ["Europe/Copenhagen"]),
            (place(zip: "100", country: "DK"), nil, ["Atlantic/Faroe"]),
            (place(zip: "6798", country: "AU"), nil, ["Indian/Christmas"]),
            (place(zip: "9500-321", country: "PT"), nil, ["Atlantic/Azores", "Atlantic/Madeira", "Europe/Lisbon"]),
            (place(zip: "35001", country: "ES"), nil, ["Africa/Ceuta", "Atlantic/Canary", "Europe/Madrid"]),
            (place(), "US", []),
        ] as [(RecipientPlace, String?, [String])]
    )
    func places(place: RecipientPlace, home: String?, zones: [String]) throws {
        #expect(place.zones(homeCountry: home, try SystemZones()) == zones)
    }

    @Test(
        "what the zones were taken from is known, and whoever is nowhere is anywhere in a narrower window",
        arguments: [
            (place("Europe/Paris", zip: "10001"), .timezone, 1, "09:00-20:00"),
            (place(zip: "10001"), .postalCode, 1, "09:00-20:00"),
            (place(phone: "+12125550100"), .phone, 1, "09:00-20:00"),
            (place(phone: "+12125550100", zip: "90210"), .postalCodeAndPhone, 2, "09:00-20:00"),
            (place(state: "tx"), .state, 2, "09:00-20:00"), (place(country: "India"), .country, 1, "09:00-20:00"),
            (place(), .nothing, 0, "10:00-19:00"),
            (place(zip: "10001", country: "Atlantis"), .nothing, 0, "10:00-19:00"),
            (place("Nowhere/Land"), .nothing, 0, "10:00-19:00"),
            // What cannot be read may contradict what can.
            (place("Nowhere/Land", zip: "10001"), .postalCode, 1, "10:00-19:00"),
            (place("CST", country: "India"), .country, 1, "10:00-19:00"),
            (place(phone: "+12125550100", country: "Atlantis"), .phone, 1, "10:00-19:00"),
            (place("Europe/Paris", country: "Atlantis"), .timezone, 1, "09:00-20:00"),
            // Summer time may have begun since it was written down.
            (place("UTC+05:30"), .timezone, 1, "10:00-19:00"), (place("europe/paris"), .timezone, 1, "09:00-20:00"),
        ] as [(RecipientPlace, RecipientZones.Basis, Int, String)]
    )
    func basis(place: RecipientPlace, basis: RecipientZones.Basis, zones: Int, window: String) throws {
        let found = try Self.hours("09:00-20:00").whereabouts(of: place)
        #expect(found.zones.basis == basis)
        #expect(basis == .nothing ? found.zones.names.count > 10 : found.zones.names.count == zones)
        #expect(found.window.text == window)
    }

    private static let noonUTC = Timestamp(milliseconds: 1_795_348_800_000)  // 2026-11-22T12:00:00Z

    private static func hours(_ window: String, home: String = "America/New_York") throws -> RecipientHours {
        let window = try #require(DailyWindow(window))
        return RecipientHours(window: window, clocks: .recipient, home: home, source: try SystemZones())
    }

    @Test(
        "several possible zones have only the hours that all of them have, and nobody's zone those of the country, narrowed",
        arguments: [
            (place("America/New_York"), "2026-11-22T14:00:00.000Z", "2026-11-23T01:00:00.000Z"),
            (place("Asia/Kolkata"), "2026-11-22T12:00:00.000Z", "2026-11-22T14:30:00.000Z"),
            (place(zip: "69101"), "2026-11-22T16:00:00.000Z", "2026-11-23T02:00:00.000Z"),
            (place(), "2026-11-22T20:00:00.000Z", "2026-11-23T00:00:00.000Z"),
            (place(country: "Atlantis"), "2026-11-22T20:00:00.000Z", "2026-11-23T00:00:00.000Z"),
            (place(country: "Republic of Korea"), "2026-11-23T00:00:00.000Z", "2026-11-23T11:00:00.000Z"),
            (place("UTC+05:30"), "2026-11-22T12:00:00.000Z", "2026-11-22T13:30:00.000Z"),
            (place("GMT-3"), "2026-11-22T13:00:00.000Z", "2026-11-22T22:00:00.000Z"),
            (place(zip: "09007"), "2026-11-22T12:00:00.000Z", "2026-11-22T16:00:00.000Z"),
            (place(zip: "97400", country: "France"), "2026-11-22T12:00:00.000Z", "2026-11-22T16:00:00.000Z"),
        ]
    )
    func opening(place: RecipientPlace, opens: String, closes: String) throws {
        var hours = try Self.hours("09:00-20:00")
        var moment = Self.noonUTC
        if case .closed(let until) = hours.answer(for: place, at: moment) { moment = try #require(until) }
        #expect(moment.rfc3339 == opens)
        let end = try #require(Timestamp(closes))
        #expect(hours.answer(for: place, at: moment) == .open(until: end))
        #expect(hours.answer(for: place, at: Timestamp(milliseconds: end.milliseconds - 1)) == .open(until: end))
        guard case .closed = hours.answer(for: place, at: end) else {
            Issue.record("open at its end")
            return
        }
    }

    @Test("zones that are too far apart have no hours in common, and it is said so")
    func neverOpen() throws {
        var hours = try Self.hours("09:00-12:00")
        let place = Self.place(phone: "+33612345678", zip: "90210", country: "US")
        #expect(hours.answer(for: place, at: Self.noonUTC) == .closed(until: nil))
    }

    @Test("a window that clocks skip in spring does not come that day, and one that comes twice is open twice")
    func gapAndOverlap() throws {
        var hours = try Self.hours("02:00-03:00")
        let place = Self.place("America/New_York")
        let spring = try #require(Timestamp("2026-03-07T12:00:00.000Z"))
        #expect(hours.answer(for: place, at: spring) == .closed(until: Timestamp("2026-03-09T06:00:00.000Z")))
        var early = try Self.hours("01:00-02:00")
        let autumn = try #require(Timestamp("2026-11-01T05:00:00.000Z"))
        #expect(
            early.answer(for: place, at: autumn) == .open(until: try #require(Timestamp("2026-11-01T07:00:00.000Z")))
        )
    }

    @Test("whoever is unknown is in the campaign's country also when its zone is written by an old name")
    func oldHome() throws {
        let old = try Self.hours("09:00-20:00", home: "US/Eastern")
        let new = try Self.hours("09:00-20:00")
        #expect(old.homeIsInCountry)
        #expect(
            Set(old.whereabouts(of: Self.place()).zones.names)
                == Set(new.whereabouts(of: Self.place()).zones.names).union(["US/Eastern"])
        )
        #expect(try !Self.hours("09:00-20:00", home: "UTC").homeIsInCountry)
    }

    @Test("asking again years later gives the hours of then")
    func later() throws {
        var hours = try Self.hours("09:00-20:00")
        let place = Self.place("America/New_York")
        for year in 2026...2036 {
            let july = try #require(Timestamp("\(year)-07-01T12:59:00.000Z"))
            #expect(hours.answer(for: place, at: july) == .closed(until: july.advanced(byMilliseconds: 60_000)))
        }
        _ = hours.answer(for: place, at: Self.noonUTC)
        #expect(hours.answer(for: place, at: Self.noonUTC) == .closed(until: Timestamp("2026-11-22T14:00:00.000Z")))
    }

    @Test(
        "windows are read and written",
        arguments: [
            ("09:00-20:00", 660, "10:00-19:00"), ("22:00-02:00", 240, "23:00-01:00"),
            ("00:00-24:00", 1_440, "01:00-23:00"),
            ("23:30-23:00", 1_410, "00:30-22:00"), ("09:00-11:00", 120, "09:30-10:30"),
        ]
    )
    func windows(text: String, length: Int, narrowed: String) throws {
        let window = try #require(DailyWindow(text))
        #expect(window.text == text)
        #expect(window.length == length)
        #expect(window.narrowed.text == narrowed)
    }

    @Test(
        "what is no window is refused",
        arguments: ["9-20", "09:00", "09:00-09:00", "25:00-26:00", "09:60-10:00", "24:00-08:00", ""]
    )
    func noWindow(text: String) { #expect(DailyWindow(text) == nil) }
}

extension Timestamp {
    /// Reads what ``rfc3339`` writes.
    init?(_ text: String) {
        guard text.hasSuffix(".000Z"), let local = LocalTime(text.dropLast(5)) else { return nil }
        self = local.moment(in: ZoneRules(moments: [], offsets: [0], rule: nil))
    }
}
