/// A moment of the wall clock: milliseconds since 1970-01-01T00:00:00Z.
///
/// For what people read and for schedules. Leases, backoff and throttles use ``Instant``, which no clock change moves.
package struct Timestamp: Hashable, Sendable, Comparable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.milliseconds < rhs.milliseconds }

    package func advanced(byMilliseconds delta: Int64) -> Self { Self(milliseconds: self.milliseconds + delta) }

    /// RFC 3339 in UTC with milliseconds: `2026-11-22T09:00:00.000Z`.
    package var rfc3339: String {
        let parts = CivilTime(self)
        func pad(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(pad(parts.year, 4))-\(pad(parts.month, 2))-\(pad(parts.day, 2))"
            + "T\(pad(parts.hour, 2)):\(pad(parts.minute, 2)):\(pad(parts.second, 2)).\(pad(parts.millisecond, 3))Z"
    }
}

/// A ``Timestamp`` taken apart into calendar fields, in UTC and the proleptic Gregorian calendar.
package struct CivilTime: Hashable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let millisecond: Int
    /// 0 is Sunday.
    package let weekday: Int

    package init(_ timestamp: Timestamp) {
        let millisecondsPerDay: Int64 = 86_400_000
        let days = Int(timestamp.milliseconds.flooredQuotient(by: millisecondsPerDay))
        let rest = Int(timestamp.milliseconds - Int64(days) * millisecondsPerDay)
        self.hour = rest / 3_600_000
        self.minute = rest / 60_000 % 60
        self.second = rest / 1_000 % 60
        self.millisecond = rest % 1_000
        self.weekday = ((days + 4) % 7 + 7) % 7

        // Counts in 400-year eras that begin on 1 March, so that a leap day is the last day of its year.
        let shifted = days + 719_468
        let era = Int(Int64(shifted).flooredQuotient(by: 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        self.day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        self.month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        self.year = yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0)
    }
}

extension Int64 {
    /// Division that rounds towards negative infinity, as dates before 1970 need.
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

/// A moment of a clock that only moves forward, also while the machine sleeps (CLOCK_BOOTTIME), in milliseconds.
///
/// Comparable only within one boot of one machine.
package struct Instant: Hashable, Sendable, Comparable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.milliseconds < rhs.milliseconds }

    package func advanced(byMilliseconds delta: Int64) -> Self { Self(milliseconds: self.milliseconds + delta) }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    package func milliseconds(since earlier: Self) -> Int64 { self.milliseconds - earlier.milliseconds }
}
