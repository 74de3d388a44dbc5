/// Hours of the day in which people may be written to: `09:00-20:00`, or over midnight `20:00-02:00`.
///
/// The first minute is inside, the last is not.
package struct DailyWindow: Hashable, Sendable {
    /// Minutes after midnight, 0 to 1439.
    package let start: Int
    /// Minutes after midnight of the same day, or of the next when it is over midnight: above ``start``, at most a day above it.
    package let end: Int

    package static let grammar = "HH:MM-HH:MM, for example 09:00-20:00; 24:00 is the end of the day"

    /// - Returns: `nil` for a text that is no window, and for one that is empty.
    package init?(_ text: some StringProtocol) {
        let sides = text.split(separator: "-", omittingEmptySubsequences: false)
        guard sides.count == 2, let start = Self.minutes(sides[0]), let end = Self.minutes(sides[1]), start != end,
            start < Self.day
        else { return nil }
        self.start = start
        self.end = end > start ? end : end + Self.day
    }

    private init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }

    /// How long it is open a day, in minutes.
    package var length: Int { self.end - self.start }

    /// As users write it.
    package var text: String {
        "\(Self.text(self.start))-\(Self.text(self.end > Self.day ? self.end - Self.day : self.end))"
    }

    /// What is left when an hour is cut off at both ends, or a quarter when it is shorter than four hours.
    package var narrowed: DailyWindow {
        let cut = min(60, self.length / 4)
        let start = self.start + cut
        let shift = start >= Self.day ? Self.day : 0
        return DailyWindow(start: start - shift, end: self.end - cut - shift)
    }

    /// Whether a local time is inside.
    ///
    /// - Parameter secondsOfDay: 0 to 86,399.
    /// - Returns: The first second of the window is inside, the one after the last minute is not.
    package func contains(secondsOfDay: Int64) -> Bool {
        let (start, end) = (Int64(self.start) * 60, Int64(self.end) * 60)
        return (start..<end).contains(secondsOfDay) || (start..<end).contains(secondsOfDay + 86_400)
    }

    private static let day = 1_440

    private static func minutes(_ text: some StringProtocol) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= Self.day
        else { return nil }
        return hour * 60 + minute
    }

    private static func text(_ minutes: Int) -> String {
        let (hour, minute) = (minutes / 60, minutes % 60)
        return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }
}
