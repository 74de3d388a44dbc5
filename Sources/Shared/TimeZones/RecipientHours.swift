package import Domain

/// When the people of one campaign may be written to.
///
/// A value that remembers what it found out, so that asking costs a look into a table: kept by whoever asks, one for each campaign.
package struct RecipientHours: Sendable {
    /// Whose clocks count.
    package enum Clocks: Hashable, Sendable {
        /// Each recipient's own.
        case recipient
        /// The campaign's zone for everybody.
        case home
    }

    package let window: DailyWindow
    package let clocks: Clocks
    /// The campaign's zone.
    package let home: String
    private let homeCountry: String?
    private let source: any ZoneSource

    /// Tables over this stretch; made anew long before its end.
    private var reach: Range<Int64> = 0..<0
    private var tables: [OpeningTimes] = []
    private var tableOfZones: [[String]: Int] = [:]
    private var tableOfPlace: [RecipientPlace: Int] = [:]
    private var homeTable: Int?
    /// Of people of whom nothing is known.
    private var unknownGroup: Int?
    private var readings: [PlaceWords: PlaceReading] = [:]

    /// The words of a place that have to be read: many contacts have the same.
    private struct PlaceWords: Hashable {
        let timezone: String
        let country: String
    }

    /// A table reaches so far: longer than any campaign is sent.
    static let reachSeconds: Int64 = 130 * 86_400
    /// It is made anew when less than this is left.
    static let leftSeconds: Int64 = 100 * 86_400
    /// Places remembered; forgotten all at once when there are more.
    static let placesMax = 65_536
    /// Words remembered, likewise.
    static let readingsMax = 4_096

    /// - Parameters:
    ///   - window: Local time.
    ///   - clocks: Whose.
    ///   - home: The campaign's zone; must be known to `source`.
    ///   - source: Zones.
    package init(window: DailyWindow, clocks: Clocks, home: String, source: any ZoneSource) {
        self.window = window
        self.clocks = clocks
        self.home = home
        self.homeCountry = source.country(ofZone: home)
        self.source = source
    }

    /// Whether a recipient may be written to, and when that changes.
    ///
    /// In the zone they are in; in every zone they may be in when those are several. When nothing tells, in every zone of the
    /// campaign's country. The window is ``DailyWindow/narrowed`` then, and also when the contact has words for a time zone or a
    /// country that cannot be read, or no more than a distance from UTC.
    package mutating func answer(for place: RecipientPlace, at now: Timestamp) -> OpeningTimes.Answer {
        let group = self.group(of: place, at: now)
        return self.tables[group].answer(at: now)
    }

    /// The number of all who may be written to at the same times as this recipient; the same one as long as `now` is the same.
    package mutating func group(of place: RecipientPlace, at now: Timestamp) -> Int {
        self.reachFor(now)
        if let known = self.tableOfPlace[place] { return known }
        if self.tableOfPlace.count >= Self.placesMax { self.tableOfPlace.removeAll() }
        let reading = self.reading(of: place)
        let found = self.certain(place.located(reading, homeCountry: self.homeCountry, self.source))
        let table = self.table(of: found.zones.names, found.window)
        if found.zones.basis == .nothing { self.unknownGroup = table }
        self.tableOfPlace[place] = table
        return table
    }

    /// Whether a group has people of whom nothing is known.
    package func isUnknown(group: Int) -> Bool { group == self.unknownGroup }

    /// Whether there is a country in which those people are taken to be.
    package var homeIsInCountry: Bool { self.homeCountry != nil }

    /// Which of a recipient's words cannot be read; none when nobody asks for them.
    package mutating func unread(of place: RecipientPlace) -> PlaceReading.Unread {
        self.clocks == .recipient ? self.reading(of: place).unread : []
    }

    private mutating func reading(of place: RecipientPlace) -> PlaceReading {
        let words = PlaceWords(timezone: place.timezone, country: place.country)
        if let known = self.readings[words] { return known }
        if self.readings.count >= Self.readingsMax { self.readings.removeAll() }
        let reading = place.reading(self.source)
        self.readings[words] = reading
        return reading
    }

    /// As ``group(of:at:)`` for everybody, when the campaign's own clocks count.
    package mutating func homeGroup(at now: Timestamp) -> Int {
        self.reachFor(now)
        let table = self.homeTable ?? self.table(of: [self.home], self.window)
        self.homeTable = table
        return table
    }

    /// When a group may be written to.
    package func openings(ofGroup group: Int) -> OpeningTimes { self.tables[group] }

    /// As ``answer(for:at:)`` for everybody, when the campaign's own clocks count.
    package mutating func answerAtHome(at now: Timestamp) -> OpeningTimes.Answer {
        let group = self.homeGroup(at: now)
        return self.tables[group].answer(at: now)
    }

    private mutating func reachFor(_ now: Timestamp) {
        let seconds = now.milliseconds.flooredQuotient(1_000)
        guard seconds < self.reach.lowerBound || self.reach.upperBound - seconds < Self.leftSeconds else { return }
        // A day back: a clock may be set back a little.
        self.reach = seconds - 86_400..<seconds + Self.reachSeconds
        self.tables.removeAll()
        self.tableOfZones.removeAll()
        self.tableOfPlace.removeAll()
        self.homeTable = nil
        self.unknownGroup = nil
    }

    /// Which zones count for a recipient, why, and the window that holds in all of them.
    package func whereabouts(of place: RecipientPlace) -> (zones: RecipientZones, window: DailyWindow) {
        guard self.clocks == .recipient else { return (RecipientZones([self.home], .campaign), self.window) }
        return self.certain(place.located(homeCountry: self.homeCountry, self.source))
    }

    /// The zones and the window that are sure enough: where nothing is known, all that the campaign's country has, and its own.
    private func certain(_ located: RecipientZones) -> (zones: RecipientZones, window: DailyWindow) {
        let window = located.isUnsure ? self.window.narrowed : self.window
        guard located.names.isEmpty else { return (located, window) }
        let zones = Set(self.homeCountry.map { self.source.countries.zones(of: $0) } ?? []).union([self.home])
        return (RecipientZones(zones.sorted(), .nothing, unread: located.unread), window)
    }

    private mutating func table(of zones: [String], _ window: DailyWindow) -> Int {
        let key = zones + [window.text]
        if let known = self.tableOfZones[key] { return known }
        var times: OpeningTimes?
        for zone in zones {
            // One that cannot be read any more opens never: rather late than at night.
            let opening =
                self.source.clocks(of: zone).map { OpeningTimes(window, in: $0, over: self.reach) } ?? OpeningTimes()
            times = times?.intersection(opening) ?? opening
        }
        self.tables.append(times ?? OpeningTimes())
        self.tableOfZones[key] = self.tables.count - 1
        return self.tables.count - 1
    }
}
