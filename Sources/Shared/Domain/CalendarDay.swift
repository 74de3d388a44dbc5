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
}
