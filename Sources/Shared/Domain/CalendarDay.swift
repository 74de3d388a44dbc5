/// Days of the proleptic Gregorian calendar, as ISO 8601 writes them.
package enum CalendarDay {
    /// Whether there is such a day in the years 0 to 9999.
    package static func exists(year: Int, month: Int, day: Int) -> Bool {
        guard (0...9_999).contains(year), (1...12).contains(month), day >= 1 else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        switch month {
        case 2: return day <= (isLeap ? 29 : 28)
        case 4, 6, 9, 11: return day <= 30
        default: return day <= 31
        }
    }

    /// Whether the text is a day that exists, written `2026-11-22`.
    package static func isDay(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return false }
        return self.exists(year: year, month: month, day: day)
    }

    /// What a length of time is counted in; the raw value is its letter.
    package enum Unit: String, Hashable, Sendable, CaseIterable {
        case day = "d"
        case week = "w"
        case month = "m"
        case year = "y"
    }

    /// The day that lies so far after another one, or before it.
    ///
    /// A month later than the 31st of January is the last day of February.
    ///
    /// - Parameters:
    ///   - count: Negative for earlier days.
    ///   - unit: Of `count`.
    ///   - day: As ISO 8601 writes it.
    /// - Returns: `nil` when `day` is none, or the result is none of the years 0 to 9999.
    package static func adding(_ count: Int64, _ unit: Unit, to day: String) -> String? {
        guard self.isDay(day) else { return nil }
        let parts = day.split(separator: "-").compactMap { Int($0) }
        // Ten thousand years, in any unit: what is longer leads out of the calendar, and must not overflow.
        guard parts.count == 3, abs(count) <= 3_660_000 else { return nil }
        switch unit {
        case .day, .week:
            let days = Int(count) * (unit == .week ? 7 : 1)
            return self.text(self.dayNumber(year: parts[0], month: parts[1], day: parts[2]) + days)
        case .month, .year:
            let months = parts[0] * 12 + parts[1] - 1 + Int(count) * (unit == .year ? 12 : 1)
            guard months >= 0 else { return nil }
            let (year, month) = (months / 12, months % 12 + 1)
            let last = (28...31).last { self.exists(year: year, month: month, day: $0) }
            guard let last else { return nil }
            return self.text(year: year, month: month, day: min(parts[2], last))
        }
    }

    /// The day on which a moment lies, in UTC.
    package static func of(_ timestamp: Timestamp) -> String {
        let time = CivilTime(timestamp)
        return self.text(year: time.year, month: time.month, day: time.day)
    }

    /// Days since 1970-01-01.
    private static func dayNumber(year: Int, month: Int, day: Int) -> Int {
        // Years that begin in March, so that a leap day is the last of its year.
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func text(_ dayNumber: Int) -> String? {
        let time = CivilTime(Timestamp(milliseconds: Int64(dayNumber) * 86_400_000))
        guard (0...9_999).contains(time.year) else { return nil }
        return self.text(year: time.year, month: time.month, day: time.day)
    }

    private static func text(year: Int, month: Int, day: Int) -> String {
        func pad(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))"
    }
}
