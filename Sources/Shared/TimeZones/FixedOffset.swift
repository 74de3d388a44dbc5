/// A distance from UTC that people write in place of a time zone: `UTC+05:30`, `GMT+1`, `-0800`.
///
/// The sign is people's: `GMT+1` is an hour ahead of UTC. (The zone file `Etc/GMT+1` is an hour behind it.)
struct FixedOffset: Hashable, Sendable {
    /// East of UTC.
    let minutes: Int

    /// From the International Date Line West to Kiribati's Line Islands.
    private static let range = -12 * 60...14 * 60

    /// Reads a whole text.
    ///
    /// - Parameter text: `UTC`, `GMT` or neither; a sign; hours, or hours and minutes as `5:30`, `0530` or `5.5`. Without a sign it is none.
    init?(_ text: some StringProtocol) {
        var rest = text.uppercased().filter { !$0.isWhitespace }[...]
        if rest.hasPrefix("UTC") || rest.hasPrefix("GMT") { rest = rest.dropFirst(3) }
        guard let sign = rest.first, "+-\u{2212}".contains(sign), let minutes = Self.minutes(rest.dropFirst()) else {
            return nil
        }
        self.minutes = sign == "+" ? minutes : -minutes
        guard Self.range.contains(self.minutes) else { return nil }
    }

    private static func minutes(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2 || parts.count == 3 && parts[2] == "00" {
            return Self.minutes(hours: parts[0], minutes: parts[1])
        }
        if text.utf8.count == 4 { return Self.minutes(hours: text.prefix(2), minutes: text.suffix(2)) }
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return Self.minutes(hours: text, minutes: "00") }
        return ["5": "30", "50": "30", "25": "15", "75": "45", "0": "00"][halves[1]].flatMap {
            Self.minutes(hours: halves[0], minutes: $0[...])
        }
    }

    private static func minutes(hours: Substring, minutes: Substring) -> Int? {
        guard (1...2).contains(hours.utf8.count), minutes.utf8.count == 2,
            hours.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let hours = Int(hours),
            let minutes = Int(minutes), [0, 15, 30, 45].contains(minutes)
        else { return nil }
        return hours * 60 + minutes
    }

    /// `UTC+05:30`: how it stands among the names of zones.
    var name: String {
        let (hours, minutes) = abs(self.minutes).quotientAndRemainder(dividingBy: 60)
        return "UTC\(self.minutes < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(minutes < 10 ? "0" : "")\(minutes)"
    }

    /// Clocks that never change.
    var rules: ZoneRules { ZoneRules(moments: [], offsets: [Int64(self.minutes) * 60], rule: nil) }
}

extension ZoneSource {
    /// What clocks show in a zone of the system's, or at a ``FixedOffset`` by its name.
    func clocks(of zone: String) -> ZoneRules? {
        guard zone.hasPrefix("UTC+") || zone.hasPrefix("UTC-") else { return self.rules(of: zone) }
        return FixedOffset(zone)?.rules
    }
}
