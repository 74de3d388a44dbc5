/// What clocks do every year, as the last line of a time zone file says it: a POSIX TZ string (RFC 9636 section 3.3.1).
///
///     CET-1CEST,M3.5.0,M10.5.0/3
package struct RecurringRule: Hashable, Sendable {
    /// Seconds east of UTC.
    private let standard: Int64
    private let summer: Summer?

    private struct Summer: Hashable, Sendable {
        let offset: Int64
        let start: Change
        let end: Change
    }

    /// A day of every year, and the local time on it.
    private struct Change: Hashable, Sendable {
        let day: Day
        /// Seconds after midnight; may be before it or days after.
        let time: Int64
    }

    private enum Day: Hashable, Sendable {
        /// `Jn`: 1 to 365, as if there were no 29 February.
        case ordinal(Int64)
        /// `n`: 0 to 365.
        case index(Int64)
        /// `Mm.w.d`: week 5 is the last.
        case weekday(month: Int64, week: Int64, day: Int64)
    }

    /// - Returns: `nil` for a text that is no rule.
    package init?(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        guard scanner.name(), let west = scanner.time(hoursMax: 24) else { return nil }
        self.standard = -west
        guard !scanner.isAtEnd else {
            self.summer = nil
            return
        }
        guard scanner.name() else { return nil }
        var offset = self.standard + 3_600
        if scanner.peek != UInt8(ascii: ",") {
            guard let west = scanner.time(hoursMax: 24) else { return nil }
            offset = -west
        }
        guard let start = Self.change(&scanner), let end = Self.change(&scanner), scanner.isAtEnd else { return nil }
        self.summer = Summer(offset: offset, start: start, end: end)
    }

    private static func change(_ scanner: inout Scanner) -> Change? {
        guard scanner.eat(","), let day = Self.day(&scanner) else { return nil }
        guard scanner.eat("/") else { return Change(day: day, time: 7_200) }
        // Up to a week before and after, from version 3 on.
        return scanner.time(hoursMax: 167).map { Change(day: day, time: $0) }
    }

    private static func day(_ scanner: inout Scanner) -> Day? {
        if scanner.eat("J") { return scanner.number(in: 1...365).map { .ordinal($0) } }
        guard scanner.eat("M") else { return scanner.number(in: 0...365).map { .index($0) } }
        guard let month = scanner.number(in: 1...12), scanner.eat("."), let week = scanner.number(in: 1...5),
            scanner.eat("."), let day = scanner.number(in: 0...6)
        else { return nil }
        return .weekday(month: month, week: week, day: day)
    }

    /// Seconds east of UTC at a moment.
    package func offset(at moment: Int64) -> Int64 {
        guard let summer else { return self.standard }
        let year = CivilDays.year(ofDay: moment.flooredQuotient(86_400))
        let last = self.steps(from: year - 1, through: year + 1).last { $0.moment <= moment }
        return last?.isSummer ?? false ? summer.offset : self.standard
    }

    /// Moments in a stretch of time at which the offset may change, ascending.
    func changes(in range: Range<Int64>) -> [Int64] {
        guard self.summer != nil, !range.isEmpty else { return [] }
        let first = CivilDays.year(ofDay: range.lowerBound.flooredQuotient(86_400))
        let last = CivilDays.year(ofDay: range.upperBound.flooredQuotient(86_400))
        return self.steps(from: first - 1, through: last + 1).map(\.moment).filter { range.contains($0) }
    }

    private func steps(from first: Int64, through last: Int64) -> [(moment: Int64, isSummer: Bool)] {
        guard let summer else { return [] }
        var steps: [(moment: Int64, isSummer: Bool)] = []
        for year in first...last {
            steps.append((Self.local(summer.start, year) - self.standard, true))
            steps.append((Self.local(summer.end, year) - summer.offset, false))
        }
        // Where summer begins in the moment in which it ends, it is always summer.
        return steps.sorted { ($0.moment, $0.isSummer ? 1 : 0) < ($1.moment, $1.isSummer ? 1 : 0) }
    }

    private static func local(_ change: Change, _ year: Int64) -> Int64 {
        let newYear = CivilDays.days(year, 1, 1)
        switch change.day {
        case .ordinal(let ordinal):
            let skipped: Int64 = CivilDays.isLeap(year) && ordinal >= 60 ? 1 : 0
            return (newYear + ordinal - 1 + skipped) * 86_400 + change.time
        case .index(let index): return (newYear + index) * 86_400 + change.time
        case .weekday(let month, let week, let weekday):
            let first = CivilDays.days(year, month, 1)
            // 1970-01-01 was a Thursday, day 4.
            let firstWeekday = ((first + 4) % 7 + 7) % 7
            var day = first + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
            let next = month == 12 ? CivilDays.days(year + 1, 1, 1) : CivilDays.days(year, month + 1, 1)
            if day >= next { day -= 7 }
            return day * 86_400 + change.time
        }
    }
}

/// Reads a POSIX TZ string.
private struct Scanner {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { self.position >= self.bytes.count }
    var peek: UInt8? { self.isAtEnd ? nil : self.bytes[self.position] }

    mutating func eat(_ character: Unicode.Scalar) -> Bool {
        guard self.peek == UInt8(ascii: character) else { return false }
        self.position += 1
        return true
    }

    /// Letters, or anything between angle brackets; what it says does not matter.
    mutating func name() -> Bool {
        if self.eat("<") {
            guard let end = self.bytes[self.position...].firstIndex(of: UInt8(ascii: ">")) else { return false }
            self.position = end + 1
            return true
        }
        let start = self.position
        while let byte = self.peek, (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) { self.position += 1 }
        return self.position - start >= 3
    }

    mutating func number(in range: ClosedRange<Int64>) -> Int64? {
        var value: Int64 = 0
        let start = self.position
        while let byte = self.peek, (0x30...0x39).contains(byte), self.position - start < 3 {
            value = value * 10 + Int64(byte - 0x30)
            self.position += 1
        }
        return self.position > start && range.contains(value) ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time(hoursMax: Int64) -> Int64? {
        let isNegative = self.eat("-")
        if !isNegative { _ = self.eat("+") }
        guard let hours = self.number(in: 0...hoursMax) else { return nil }
        var seconds = hours * 3_600
        for unit: Int64 in [60, 1] where self.eat(":") {
            guard let value = self.number(in: 0...59) else { return nil }
            seconds += value * unit
        }
        return isNegative ? -seconds : seconds
    }
}

/// The calendar, counted in days since 1970-01-01.
enum CivilDays {
    static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
    static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        // Years begin in March here, so that the leap day is the last.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.flooredQuotient(400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func year(ofDay day: Int64) -> Int64 {
        let shifted = day + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // From the tenth month on, counted from March, it is the next year.
        return era * 400 + yearOfEra + ((5 * dayOfYear + 2) / 153 >= 10 ? 1 : 0)
    }

    static func length(ofMonth month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: Self.isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int64 {
    /// Division that rounds towards negative infinity.
    func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
