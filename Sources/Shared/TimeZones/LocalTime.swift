package import Domain

/// A date and time on somebody's clock: `2026-11-22T09:00`.
package struct LocalTime: Hashable, Sendable {
    /// Seconds since 1970 as if it were UTC.
    private let seconds: Int64

    package static let grammar = "a local time such as 2026-11-22T09:00"

    /// - Returns: `nil` for a text that is no date and time; a blank may stand for the `T`, seconds may follow.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16 || bytes.count == 19 else { return nil }
        let form = Array("0000-00-00T00:00:00".utf8.prefix(bytes.count))
        for (byte, wanted) in zip(bytes, form) {
            switch wanted {
            case UInt8(ascii: "0"): guard (0x30...0x39).contains(byte) else { return nil }
            case UInt8(ascii: "T"): guard byte == wanted || byte == UInt8(ascii: " ") else { return nil }
            default: guard byte == wanted else { return nil }
            }
        }
        func number(_ from: Int, _ count: Int) -> Int64 {
            guard from + count <= bytes.count else { return 0 }
            return bytes[from..<from + count].reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
        let (hour, minute, second) = (number(11, 2), number(14, 2), number(17, 2))
        guard year >= 1970, (1...12).contains(month), (1...CivilDays.length(ofMonth: month, in: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        self.seconds = CivilDays.days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    /// When clocks in a zone first show it, or skip it.
    package func moment(in zone: ZoneRules) -> Timestamp {
        Timestamp(milliseconds: zone.moment(showing: self.seconds) * 1_000)
    }
}
