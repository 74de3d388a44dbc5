import Domain

/// What cells become.
extension ContactRowDecoder {
    /// Where the first of several values ends, which are separated by ` ::: `.
    static func endOfFirst(_ cell: UnsafeBufferPointer<UInt8>) -> Int? {
        let separator = Array(" ::: ".utf8)
        guard cell.count > separator.count else { return nil }
        return (1..<(cell.count - separator.count)).first { cell[$0...].starts(with: separator) }
    }

    /// Digits of the longest number that may have its beginning in another column: a longer one is whole.
    private static let localDigitsMax = 8

    /// Whether a number lacks the beginning that stands in a column of its own.
    private static func isLocal(_ cell: UnsafeBufferPointer<UInt8>, _ prefix: UnsafeBufferPointer<UInt8>) -> Bool {
        let beginning = prefix.filter(\.isDigit)
        guard !beginning.isEmpty, cell.trimmed().first != ASCII.plus else { return false }
        let digits = cell.filter(\.isDigit)
        guard digits.count <= self.localDigitsMax else { return false }
        // Seven digits may begin as their area code does by chance; without it, those of eight would be none.
        return digits.count < self.localDigitsMax || !digits.starts(with: beginning)
    }

    func phone(
        _ prefix: UnsafeBufferPointer<UInt8>,
        _ cell: UnsafeBufferPointer<UInt8>,
        line: Int,
        _ step: Step,
        into output: inout DecodedRows
    ) -> ContactValue {
        guard !cell.trimmed().isEmpty else { return .empty }
        let start = UInt32(output.bytes.count)
        var isNumber = false
        if Self.isLocal(cell, prefix) {
            let whole = Array(prefix) + Array(cell)
            isNumber = whole.withUnsafeBufferPointer { PhoneNumber.normalise($0, into: &output.bytes) }
        }
        if !isNumber { isNumber = PhoneNumber.normalise(cell, into: &output.bytes) }
        guard isNumber else {
            if let end = Self.endOfFirst(cell) {
                let first = UnsafeBufferPointer(rebasing: cell[..<end])
                return self.phone(prefix, first, line: line, step, into: &output)
            }
            self.warn(cell, line: line, step, allowed: PhoneNumber.grammar, into: &output)
            return .empty
        }
        return ContactValue(.text, start..<UInt32(output.bytes.count))
    }

    func value(
        _ cell: UnsafeBufferPointer<UInt8>,
        at range: Range<Int>,
        line: Int,
        _ step: Step,
        into output: inout DecodedRows
    ) -> ContactValue {
        let place = UInt32(range.lowerBound)..<UInt32(range.upperBound)
        switch FieldValueParser.parse(cell, as: step.field.type) {
        case .empty: return .empty
        case .text:
            guard cell.contains(where: Self.isControl) else { return ContactValue(.text, place) }
            return self.withoutControls(cell, line: line, step, into: &output)
        case .integer(let number):
            return ContactValue(.integer, Self.trimmed(place, cell), bits: UInt64(bitPattern: number))
        case .decimal(let number): return ContactValue(.decimal, Self.trimmed(place, cell), bits: number.bitPattern)
        case .boolean(let isTrue): return ContactValue(.boolean, Self.trimmed(place, cell), bits: isTrue ? 1 : 0)
        case .date: return ContactValue(.date, Self.trimmed(place, cell))
        case .misfit:
            if let days = step.days, let day = self.day(cell, days, line: line, step, into: &output) { return day }
            self.warn(cell, line: line, step, allowed: FieldValueParser.grammar(step.field.type), into: &output)
            return .empty
        }
    }

    /// Brings a day in another form into that of its field.
    ///
    /// - Returns: `nil` when it is none.
    private func day(
        _ cell: UnsafeBufferPointer<UInt8>,
        _ column: DayColumn,
        line: Int,
        _ step: Step,
        into output: inout DecodedRows
    ) -> ContactValue? {
        let isNumber = step.field.type == .integer
        guard !isNumber || column.isSaid else { return nil }
        let day = WrittenDay.read(cell.trimmed(), order: column.order)
        if day == .ambiguous {
            let reason =
                "\(step.field.name): \(Excerpt.quoted(cell)) may be two days and is left out; say which in a mapping "
                + "file, types: {\(step.field.name): date \(DayOrder.monthFirst.rawValue)} or "
                + "date \(DayOrder.dayFirst.rawValue)"
            output.warnings.append(Diagnostic(.warning, line: line, column: step.column + 1, reason))
            return .empty
        }
        guard let text = day.text(isNumber: isNumber) else { return nil }
        let start = UInt32(output.bytes.count)
        output.bytes.append(contentsOf: text)
        let range = start..<UInt32(output.bytes.count)
        guard isNumber else { return ContactValue(.date, range) }
        let number = text.reduce(0) { $0 * 10 + UInt64($1 - ASCII.zero) }
        return ContactValue(.integer, range, bits: number)
    }

    /// Control characters come from other programs' exports, and mean nothing in a message; the name they stand in
    /// does.
    private func withoutControls(
        _ cell: UnsafeBufferPointer<UInt8>,
        line: Int,
        _ step: Step,
        into output: inout DecodedRows
    ) -> ContactValue {
        let start = UInt32(output.bytes.count)
        output.bytes.append(contentsOf: cell.lazy.filter { !Self.isControl($0) })
        output.warnings.append(
            Diagnostic(
                .warning,
                line: line,
                column: step.column + 1,
                "\(step.field.name): \(Excerpt.quoted(cell)) has control characters; they are left out"
            )
        )
        let range = start..<UInt32(output.bytes.count)
        let isBlank = output.bytes[Int(start)...].allSatisfy(\.isSpace)
        return isBlank ? .empty : ContactValue(.text, range)
    }

    /// Tab and line ends belong to text; NUL was rejected with its row.
    @inline(__always)
    private static func isControl(_ byte: UInt8) -> Bool {
        byte < ASCII.space && !byte.isSpace || byte == ASCII.delete
    }

    /// A value that is no text stands without the white space around it.
    private static func trimmed(_ range: Range<UInt32>, _ cell: UnsafeBufferPointer<UInt8>) -> Range<UInt32> {
        guard let first = cell.first, let last = cell.last, first.isSpace || last.isSpace else { return range }
        let leading = UInt32(cell.prefix { $0.isSpace }.count)
        return (range.lowerBound + leading)..<(range.lowerBound + leading + UInt32(cell.trimmed().count))
    }

    private func warn(
        _ cell: UnsafeBufferPointer<UInt8>,
        line: Int,
        _ step: Step,
        allowed: String,
        into output: inout DecodedRows
    ) {
        output.warnings.append(
            Diagnostic(
                .warning,
                line: line,
                column: step.column + 1,
                "\(step.field.name): \(Excerpt.quoted(cell)) does not fit and is left out; allowed is \(allowed)"
            )
        )
    }
}
