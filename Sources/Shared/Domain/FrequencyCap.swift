/// How often one person may be written to, over all campaigns and channels: `3/7d`, three messages in any seven days.
package struct FrequencyCap: Hashable, Sendable {
    /// Messages, 1 to ``countMax``.
    package let count: Int
    /// Up to a year.
    package let periodMilliseconds: Int64

    package static let countMax = 1_000
    /// One minute to 366 days.
    package static let periodRange: ClosedRange<Int64> = 60_000...31_622_400_000

    package static let grammar = "a number and a period such as 3/7d or 1/24h, up to \(countMax) and up to 366d"

    /// - Returns: `nil` for a text that is no cap; ``grammar`` says what is.
    package init?(_ text: some StringProtocol) {
        let sides = text.split(separator: "/", omittingEmptySubsequences: false)
        guard sides.count == 2, sides[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(sides[0]),
            (1...Self.countMax).contains(count), let period = DurationText.milliseconds(sides[1]),
            Self.periodRange.contains(period)
        else { return nil }
        self.count = count
        self.periodMilliseconds = period
    }

    /// As users write it.
    package var text: String { "\(self.count)/\(DurationText.text(self.periodMilliseconds))" }
}
