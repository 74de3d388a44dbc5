import Domain

/// In which order the parts of a day stand, where `/` or `-` are between them and the year is the last.
///
/// The raw value is how it is said in a mapping file, behind `date`.
package enum DayOrder: String, Hashable, Sendable, CaseIterable {
    case monthFirst = "MM/DD/YYYY"
    case dayFirst = "DD/MM/YYYY"
}

/// A column of days.
package struct DayColumn: Hashable, Sendable {
    /// In which order its days stand; `nil`: each must tell.
    var order: DayOrder?
    /// Whether the layout or the user says that it has days: then they are days also where the field is a number, `20261122`.
    var isSaid = false
}

/// A day as other programs write it.
///
/// | written | order |
/// |---|---|
/// | `2026-11-22`, `2026/11/22`, `2026.11.22`, `20261122` | year, month, day |
/// | `22.11.2026` | day, month, year |
/// | `11/22/2026`, `11-22-2026` | as ``DayOrder`` says; without one, the only one in which it is a day |
///
/// Months and days may have one digit, years have four.
enum WrittenDay: Hashable {
    /// A day that exists, and the order that it proves.
    case day(year: Int, month: Int, day: Int, order: DayOrder?)
    /// One day when the month is first, another when the day is.
    case ambiguous
    /// No day.
    case none

    /// Reads a value without white space around it.
    static func read(_ bytes: UnsafeBufferPointer<UInt8>, order: DayOrder?) -> Self {
        guard (8...10).contains(bytes.count), bytes[0].isDigit else { return .none }
        var numbers = [0, 0, 0]
        var (part, digits, firstDigits) = (0, 0, 0)
        var separator: UInt8?
        for byte in bytes {
            if byte.isDigit {
                numbers[part] = numbers[part] * 10 + Int(byte - ASCII.zero)
                digits += 1
                continue
            }
            guard digits > 0, part < 2, separator ?? byte == byte, self.separators.contains(byte) else { return .none }
            guard part == 0 || digits <= 2 else { return .none }
            if part == 0 { firstDigits = digits }
            separator = byte
            (part, digits) = (part + 1, 0)
        }
        switch (separator, part) {
        case (nil, _) where bytes.count == 8:
            let number = numbers[0]
            return self.day(number / 10_000, number / 100 % 100, number % 100)
        case (_, 2) where firstDigits == 4 && (1...2).contains(digits):
            return self.day(numbers[0], numbers[1], numbers[2])
        case (_, 2) where firstDigits <= 2 && digits == 4:
            if separator == ASCII.dot { return self.day(numbers[2], numbers[1], numbers[0]) }
            return self.day(numbers[2], numbers[0], numbers[1], order)
        default: return .none
        }
    }

    private static let separators = ByteSet("/-.")

    private static func day(_ year: Int, _ month: Int, _ day: Int, order: DayOrder? = nil) -> Self {
        CalendarDay.exists(year: year, month: month, day: day)
            ? .day(year: year, month: month, day: day, order: order) : .none
    }

    /// A day whose first two parts are its month and its day in one order or the other.
    private static func day(_ year: Int, _ first: Int, _ second: Int, _ order: DayOrder?) -> Self {
        let monthFirst = self.day(year, first, second, order: .monthFirst)
        let dayFirst = self.day(year, second, first, order: .dayFirst)
        switch order {
        case .monthFirst: return monthFirst
        case .dayFirst: return dayFirst
        case nil where first == second: return self.day(year, first, second)
        case nil where dayFirst == .none: return monthFirst
        case nil: return monthFirst == .none ? dayFirst : .ambiguous
        }
    }

    /// The day as ISO 8601 writes it, or as a number of eight digits; `nil` when it is none.
    func text(isNumber: Bool = false) -> [UInt8]? {
        guard case .day(let year, let month, let day, _) = self else { return nil }
        func digits(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { ASCII.zero + UInt8(value / Self.powersOfTen[$0] % 10) }
        }
        let separator = isNumber ? [] : [ASCII.hyphen]
        return digits(year, 4) + separator + digits(month, 2) + separator + digits(day, 2)
    }

    private static let powersOfTen = [1, 10, 100, 1_000]
}
