package import Domain

/// Finds the types of a file's fields from its first rows.
///
/// | values | type |
/// |---|---|
/// | true/false, yes/no, y/n, t/f in any case; 1/0 when the name asks (`is_…`, `has_…`, `…_flag`) | boolean |
/// | whole numbers as a computer writes them | integer |
/// | the same, and some with a fraction | decimal |
/// | days that exist, as ``WrittenDay`` has them but for bare digits, when they leave no doubt which | date |
/// | anything else; nothing at all; numbers that name something: `zip`, `…_phone`, `…_id` | text |
package struct TypeInference: Sendable {
    /// Rows that are looked at, at most.
    package static let rowsMax = 10_000

    /// Rows seen so far.
    package private(set) var rowCount = 0
    private var candidates: [Candidates]

    private struct Candidates: OptionSet {
        let rawValue: UInt16

        static let boolean = Self(rawValue: 1)
        static let integer = Self(rawValue: 2)
        static let decimal = Self(rawValue: 4)
        static let date = Self(rawValue: 8)
        static let all: Self = [.boolean, .integer, .decimal, .date]

        // What was seen.
        static let anyValue = Self(rawValue: 16)
        static let bit = Self(rawValue: 32)
        static let letterT = Self(rawValue: 64)
        static let letterF = Self(rawValue: 128)
        static let clearAnswer = Self(rawValue: 256)
        static let fraction = Self(rawValue: 512)
        static let doubtfulDay = Self(rawValue: 1_024)
        static let monthFirst = Self(rawValue: 2_048)
        static let dayFirst = Self(rawValue: 4_096)
    }

    /// - Parameter columnCount: Columns of the table.
    package init(columnCount: Int) {
        self.candidates = Array(repeating: .all, count: columnCount)
    }

    /// Looks at the rows of a batch, as far as ``rowsMax`` allows.
    package mutating func observe(_ batch: borrowing TableBatch) {
        let rows = min(batch.count, Self.rowsMax - self.rowCount)
        for row in 0..<rows {
            for column in self.candidates.indices {
                batch.withCell(row: row, column: column) { cell in
                    let value = cell.trimmed()
                    if !value.isEmpty { Self.observe(value, &self.candidates[column]) }
                }
            }
        }
        self.rowCount += rows
    }

    private static func observe(_ value: UnsafeBufferPointer<UInt8>, _ candidates: inout Candidates) {
        candidates.insert(.anyValue)
        if candidates.contains(.boolean) {
            if FieldValueParser.boolean(value) == nil {
                candidates.remove(.boolean)
            } else {
                switch (value.count, value[0].lowercased) {
                case (1, 0x30), (1, 0x31): candidates.insert(.bit)
                case (1, 0x74): candidates.insert(.letterT)
                case (1, 0x66): candidates.insert(.letterF)
                default: candidates.insert(.clearAnswer)
                }
            }
        }
        if candidates.contains(.integer), FieldValueParser.integer(value) == nil { candidates.remove(.integer) }
        if candidates.contains(.decimal) {
            if FieldValueParser.decimal(value) == nil { candidates.remove(.decimal) }
            if value.contains(ASCII.dot) { candidates.insert(.fraction) }
        }
        switch FieldValueParser.isDate(value) ? nil : WrittenDay.read(value, order: nil) {
        case nil: break
        // Eight digits may be anything.
        case .day where value.allSatisfy(\.isDigit): candidates.remove(.date)
        case .day(_, _, _, let order):
            if order == .monthFirst { candidates.insert(.monthFirst) }
            if order == .dayFirst { candidates.insert(.dayFirst) }
        case .ambiguous: candidates.insert(.doubtfulDay)
        case .some(.none): candidates.remove(.date)
        }
    }

    /// In which order the days of a column stand.
    ///
    /// - Parameters:
    ///   - column: Counted from 0.
    ///   - usual: What is taken where no value tells.
    /// - Returns: `nil` when nothing tells, or one value says this and another that.
    package func dayOrder(column: Int, usual: DayOrder? = nil) -> DayOrder? {
        let candidates = self.candidates[column]
        switch (candidates.contains(.monthFirst), candidates.contains(.dayFirst)) {
        case (true, false): return .monthFirst
        case (false, true): return .dayFirst
        case (false, false): return usual
        case (true, true): return nil
        }
    }

    /// Whether the rows had any value in a column, counted from 0; else nothing tells its type.
    package func hasValues(column: Int) -> Bool { self.candidates[column].contains(.anyValue) }

    /// The type of one column, counted from 0; the field's name decides whether 1 and 0 are numbers or answers.
    ///
    /// - Parameters:
    ///   - column: Counted from 0.
    ///   - name: The field's.
    ///   - usualDayOrder: In which order its days are taken to stand where no value tells.
    /// - Returns: Text where nothing else fits.
    package func type(column: Int, name: String, usualDayOrder: DayOrder? = nil) -> FieldType {
        let candidates = self.candidates[column]
        guard candidates.contains(.anyValue) else { return .text }
        let asks = Self.asksAQuestion(name)
        if candidates.contains(.boolean) {
            // A column of nothing but `F` is a gender or a grade as easily as an answer.
            let isOneLetter =
                candidates.contains(.letterT) != candidates.contains(.letterF) && !candidates.contains(.clearAnswer)
            if asks || !candidates.contains(.bit) && !isOneLetter { return .boolean }
        }
        // Their zeros in front belong to them, also when the first file has none; and `10001-1234` is one of them.
        if Self.namesSomething(name), candidates.contains(.integer) || candidates.contains(.decimal) { return .text }
        if candidates.contains(.integer) { return .integer }
        // Whole numbers of more than 64 bits are numbers of things, not of amounts.
        if candidates.contains(.decimal), candidates.contains(.fraction) { return .decimal }
        guard candidates.contains(.date) else { return .text }
        let isClear = !candidates.contains(.doubtfulDay) || self.dayOrder(column: column, usual: usualDayOrder) != nil
        return isClear ? .date : .text
    }

    /// Last words of fields whose digits are no amount: postal codes, telephone numbers, numbers in other people's lists.
    private static let nameEnds: Set<String> = [
        "zip", "zipcode", "zip5", "zip4", "postcode", "postalcode", "plz", "cap", "phone", "telephone", "tel", "mobile",
        "cell",
        "cellphone", "fax", "sms", "whatsapp", "msisdn", "id", "uid", "guid", "vanid", "ssn", "fips", "barcode", "iban",
    ]
    /// The same, of two words.
    private static let nameEndPairs: Set<String> = [
        "zip_code", "postal_code", "post_code", "code_postal", "area_code", "phone_number", "telephone_number",
        "mobile_number",
        "cell_number", "fax_number", "account_number", "member_number", "county_code",
    ]

    /// Whether the digits of a field with this name are a name, and no amount.
    static func namesSomething(_ name: String) -> Bool {
        guard !self.asksAQuestion(name) else { return false }
        var words = name.split(separator: "_").map(String.init)
        // The second of two columns of one name.
        if words.count > 1, words.last?.allSatisfy(\.isNumber) == true { words.removeLast() }
        return words.last.map(self.nameEnds.contains) == true
            || self.nameEndPairs.contains(words.suffix(2).joined(separator: "_"))
    }

    private static let questionPrefixes = ["is_", "has_", "can_", "wants_", "was_", "opted_", "first_time"]

    static func asksAQuestion(_ name: String) -> Bool {
        self.questionPrefixes.contains { name.hasPrefix($0) } || name.hasSuffix("_flag")
    }
}
