import Domain
import Engine
import Storage
import TimeZones

/// When the people of a campaign that is yet to start may be written to.
struct PlanHours: Sendable {
    /// When it starts.
    let start: Timestamp
    /// Nothing is sent from then on.
    let expires: Timestamp
    private var hours: RecipientHours?
    /// People by group; without hours nobody is in it.
    private var people: [Int: Int] = [:]
    /// People whose words for a time zone or a country cannot be read.
    private(set) var unread = 0
    /// Some of those words, as they came.
    private(set) var unreadExamples: [String] = []

    /// More would not be read.
    private static let examplesMax = 3

    init(start: Timestamp, expiresAfterMilliseconds: Int64, hours: RecipientHours?) {
        self.start = start
        self.expires = start.advanced(byMilliseconds: expiresAfterMilliseconds)
        self.hours = hours
    }

    /// Whether each contact has to be asked where they are.
    var asksPeople: Bool { self.hours?.clocks == .recipient }

    /// Notes people who are in one place.
    mutating func note(_ place: RecipientPlace, _ count: Int) {
        let start = self.start
        guard let group = self.hours?.group(of: place, at: start) else { return }
        self.people[group, default: 0] += count
        guard let unread = self.hours?.unread(of: place), !unread.isEmpty else { return }
        self.unread += count
        let words = [unread.contains(.timezone) ? place.timezone : "", unread.contains(.country) ? place.country : ""]
        for word in words where !word.isEmpty && self.unreadExamples.count < Self.examplesMax {
            let example = "'\(word.prefix(40))'"
            if !self.unreadExamples.contains(example) { self.unreadExamples.append(example) }
        }
    }

    /// The campaign's zone, when people of whom nothing is known are taken to be there and nowhere else, since it is in no country.
    var homelessZone: String? {
        guard let hours = self.hours, !hours.homeIsInCountry else { return nil }
        return self.people.contains { hours.isUnknown(group: $0.key) } ? hours.home : nil
    }

    /// Notes people to whom the campaign's own clocks apply.
    mutating func noteAtHome(_ count: Int) {
        let start = self.start
        guard let group = self.hours?.homeGroup(at: start) else { return }
        self.people[group, default: 0] += count
    }

    /// People who wait for their hours when it starts, and until when.
    struct Waiting: Hashable, Sendable {
        let until: Timestamp
        var people: Int
    }

    /// Those who wait, the earliest first.
    var waiting: [Waiting] {
        var found: [Timestamp: Int] = [:]
        for (group, count) in self.people {
            guard let first = self.times(of: group).first, first.lowerBound > self.start.milliseconds else { continue }
            found[Timestamp(milliseconds: first.lowerBound), default: 0] += count
        }
        return found.map { Waiting(until: $0, people: $1) }.sorted { $0.until < $1.until }
    }

    /// People whose hours do not come before it expires.
    var never: Int {
        self.people.reduce(0) { $0 + (self.times(of: $1.key).isEmpty ? $1.value : 0) }
    }

    /// For a forecast.
    var groups: [FinishForecast.Group] {
        let end = Double(self.expires.milliseconds - self.start.milliseconds) / 1_000
        let all = self.people.values.reduce(0, +)
        guard all > 0 else { return [FinishForecast.Group(share: 1, times: [0..<end])] }
        return self.people.sorted { $0.key < $1.key }.map { group, count in
            let times = self.times(of: group).map { interval in
                Double(interval.lowerBound - self.start.milliseconds)
                    / 1_000..<Double(interval.upperBound - self.start.milliseconds) / 1_000
            }
            return FinishForecast.Group(share: Double(count) / Double(all), times: times)
        }
    }

    private func times(of group: Int) -> [Range<Int64>] {
        // Nothing is granted in the last seconds of a window.
        let all = self.hours?.openings(ofGroup: group).intervals(from: self.start, to: self.expires) ?? []
        return all.compactMap { interval in
            let end = interval.upperBound - LoopLimits.closingMilliseconds
            return interval.lowerBound < end ? interval.lowerBound..<end : nil
        }
    }
}

extension Reads {
    /// Asks everybody who may be written to where they are.
    func note(
        _ hours: PlanHours,
        bar: ContactBars,
        consent: ConsentMarks,
        _ audience: Audience,
        fields: [Field]
    ) async throws -> PlanHours {
        struct Fold: Sendable {
            var values: AudienceValuesFold
            var hours: PlanHours
        }
        let columns = RecipientPlace.columns(among: fields)
        let values = AudienceValuesFold(bar: bar, consent: consent, audience: audience, columns: columns)
        var fold = Fold(values: values, hours: hours)
        try await self.run(&fold) { fold, connection throws(StoreError) in
            var hours = fold.hours
            let goesOn = try fold.values.step(on: connection) { hours.note(RecipientPlace(texts: $0), $1) }
            fold.hours = hours
            return goesOn
        }
        return fold.hours
    }
}
