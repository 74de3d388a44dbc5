package import Domain

/// Makes contacts out of a table's rows.
///
/// A row is rejected when it has no address that can be used; a value that does not fit its field is left out with a
/// warning.
package struct ContactRowDecoder: Sendable {
    /// The fields of the contacts, in the order of their columns.
    package let fields: [Field]
    private let plan: [Step]
    private let emailColumn: Int?
    private let phoneColumn: Int?
    /// The column that has the beginning of telephone numbers, if there is one.
    private let phonePrefixColumn: Int?
    private let keepsByExternalID: Bool
    private let idSystem: String
    private let emailHeader: String
    private let policy: AddressPolicy
    private let ignoredColumns: [Int]
    private let dropsFormulaMarks: Bool
    private let optOuts: [OptOutColumn]

    private struct Step: Sendable {
        let column: Int
        let field: Field
        let isPhone: Bool
        let isExternalID: Bool
        let days: DayColumn?
    }

    /// - Parameters:
    ///   - mapping: Which column holds which field.
    ///   - types: Types by field name; a field without one is text.
    ///   - days: Columns of days by field name, where more is known than that the field is a date.
    ///   - policy: Which forms of addresses are taken.
    package init(
        mapping: HeaderMapping,
        types: [String: FieldType],
        days: [String: DayColumn] = [:],
        policy: AddressPolicy = .contacts
    ) {
        self.plan = mapping.fields.map { name, column in
            let type = BuiltInField(rawValue: name) == nil ? types[name] ?? .text : .text
            return Step(
                column: column,
                field: Field(name: name, type: type),
                isPhone: name == BuiltInField.phone.rawValue,
                isExternalID: name == BuiltInField.externalID.rawValue,
                days: type == .date ? days[name] ?? DayColumn() : type == .integer ? days[name] : nil
            )
        }
        self.fields = self.plan.map(\.field)
        self.emailColumn = mapping.emailColumn
        self.phoneColumn = self.plan.first { $0.isPhone }?.column
        self.phonePrefixColumn = mapping.fields.first { $0.name == HeaderMapping.phonePrefix }?.column
        self.keepsByExternalID = mapping.keepsWithoutAddress
        self.idSystem = mapping.idSystem
        self.emailHeader = mapping.emailColumn.map { mapping.headers[$0] } ?? ""
        self.ignoredColumns = mapping.columns.indices.filter { mapping.columns[$0] == .ignored }
        self.dropsFormulaMarks = mapping.isOwn
        self.optOuts = mapping.optOuts
        self.policy = policy
    }

    /// Decodes all rows of `table` into `output`, which is emptied first and keeps its memory.
    ///
    /// The table's own rejects and warnings are taken over; both are in the order of the file.
    package func decode(_ table: borrowing TableBatch, into output: inout DecodedRows) {
        output.removeAll()
        output.fields = self.fields
        output.bytes.append(contentsOf: table.cells.bytes)
        output.rejects.append(contentsOf: table.rejects)
        output.warnings.append(contentsOf: table.warnings)
        table.cells.bytes.withUnsafeBufferPointer { cells in
            for row in 0..<table.count {
                let bytesStart = output.bytes.count
                let valuesStart = output.values.count
                let warningsStart = output.warnings.count
                if let (column, reason) = self.decode(row, of: table, cells, into: &output) {
                    output.bytes.removeSubrange(bytesStart...)
                    output.values.removeSubrange(valuesStart...)
                    output.warnings.removeSubrange(warningsStart...)
                    output.rejects.append(table.reject(row: row, column: column, reason: reason))
                } else {
                    output.lines.append(table.lines[row])
                    output.count += 1
                }
            }
        }
        // In the order of the file: what the table rejected stands between what was rejected here.
        if !table.rejects.isEmpty { output.rejects.sort { $0.line < $1.line } }
        if !table.warnings.isEmpty || !self.ignoredColumns.isEmpty {
            output.warnings.sort { ($0.line, $0.column) < ($1.line, $1.column) }
        }
    }

    /// - Returns: Why the row is no contact; `nil` when it was appended.
    private func decode(
        _ row: Int,
        of table: borrowing TableBatch,
        _ cells: UnsafeBufferPointer<UInt8>,
        into output: inout DecodedRows
    ) -> (column: Int, reason: String)? {
        for column in self.ignoredColumns {
            let cell = UnsafeBufferPointer(rebasing: cells[table.range(row: row, column: column)])
            guard !cell.trimmed().isEmpty else { continue }
            let reason = "\(Excerpt.quoted(cell)) stands in a column that has no name, and is left out"
            output.warnings.append(Diagnostic(.warning, line: table.lines[row], column: column + 1, reason))
        }
        var address = ContactAddress.none
        if let column = self.emailColumn {
            let cell = UnsafeBufferPointer(rebasing: cells[self.place(table.range(row: row, column: column), cells)])
            do throws(AddressProblem) {
                address = try self.address(cell, into: &output)
            } catch .empty {
                address = .none
            } catch {
                return (column + 1, self.whyNoAddress(cell, error))
            }
        }
        var phone = ContactValue.empty
        var externalID = ContactValue.empty
        for step in self.plan {
            let range = self.place(table.range(row: row, column: step.column), cells)
            let cell = UnsafeBufferPointer(rebasing: cells[range])
            let value =
                step.isPhone
                ? self.phone(self.prefix(of: row, in: table, cells), cell, line: table.lines[row], step, into: &output)
                : self.value(cell, at: range, line: table.lines[row], step, into: &output)
            if step.isPhone { phone = value }
            if step.isExternalID { externalID = value }
            output.values.append(value)
        }
        if address.isEmpty, phone.kind == .empty, self.keepsByExternalID, externalID.kind != .empty {
            address = Self.key("id:\(self.idSystem):", of: externalID, in: &output)
        } else if address.isEmpty {
            guard phone.kind != .empty else {
                let column = (self.emailColumn ?? self.phoneColumn ?? -1) + 1
                return (column, "there is no address that can be used: \(self.addressColumns)")
            }
            address = Self.key("tel:", of: phone, in: &output)
        }
        output.addresses.append(address)
        for column in self.optOuts {
            let cell = UnsafeBufferPointer(rebasing: cells[table.range(row: row, column: column.column)])
            guard let reason = column.reason(cell) else { continue }
            output.optOuts.append(RowOptOut(row: output.count, column: column, reason: reason))
        }
        return nil
    }

    private func place(_ range: Range<Int>, _ cells: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        self.dropsFormulaMarks ? FormulaMark.dropped(range, of: cells) : range
    }

    /// What is wrong with a cell that should be an address.
    private func whyNoAddress(_ cell: UnsafeBufferPointer<UInt8>, _ problem: AddressProblem) -> String {
        if String(decoding: cell.trimmed(), as: UTF8.self) == self.emailHeader {
            return "this is the header once more; files that were joined have one each"
        }
        return "not an e-mail address: \(problem.text) (\(Excerpt.quoted(cell)))"
    }

    /// The beginning of a row's telephone number, where it has a column of its own; else empty.
    private func prefix(
        of row: Int,
        in table: borrowing TableBatch,
        _ cells: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        guard let column = self.phonePrefixColumn else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(rebasing: cells[table.range(row: row, column: column)])
    }

    /// What makes a contact without an e-mail address unique.
    private static func key(_ prefix: String, of phone: ContactValue, in output: inout DecodedRows) -> ContactAddress {
        let start = UInt32(output.bytes.count)
        output.bytes.append(contentsOf: prefix.utf8)
        let value = Array(output.bytes[Int(phone.range.lowerBound)..<Int(phone.range.upperBound)])
        output.bytes.append(contentsOf: prefix == "tel:" ? PhoneKey.of(value) : value)
        return ContactAddress(text: 0..<0, key: start..<UInt32(output.bytes.count), domain: 0..<0)
    }

    private var addressColumns: String {
        switch (self.emailColumn, self.phoneColumn) {
        case (.some, .some): "email is empty and phone has no number"
        case (.none, .some): "phone has no number"
        default: "email is empty"
        }
    }

    /// Appends the address, and its key where that differs.
    private func address(
        _ cell: UnsafeBufferPointer<UInt8>,
        into output: inout DecodedRows
    ) throws(AddressProblem) -> ContactAddress {
        let start = output.bytes.count
        let at: Int
        do throws(AddressProblem) {
            at = try AddressParser.normalise(cell, policy: self.policy, into: &output.bytes)
        } catch {
            // Google writes several addresses of a person into one cell.
            guard let end = Self.endOfFirst(cell) else { throw error }
            output.bytes.removeSubrange(start...)
            let first = UnsafeBufferPointer(rebasing: cell[..<end])
            at = try AddressParser.normalise(first, policy: self.policy, into: &output.bytes)
        }
        let end = output.bytes.count
        let text = UInt32(start)..<UInt32(end)
        var key = text
        if output.bytes[start] == ASCII.quote {
            // Rare enough for a copy.
            let local = EmailAddress.keyLocal(Array(output.bytes[start..<(start + at)]))
            output.bytes.append(contentsOf: local)
            for index in (start + at)..<end { output.bytes.append(output.bytes[index]) }
            key = UInt32(end)..<UInt32(output.bytes.count)
        } else if output.bytes[start..<(start + at)].contains(where: \.isUpperCaseLetter) {
            for index in start..<end { output.bytes.append(output.bytes[index].lowercased) }
            key = UInt32(end)..<UInt32(output.bytes.count)
        }
        return ContactAddress(text: text, key: key, domain: UInt32(start + at + 1)..<UInt32(end))
    }

    /// Where the first of several values ends, which are separated by ` ::: `.
    private static func endOfFirst(_ cell: UnsafeBufferPointer<UInt8>) -> Int? {
        let separator = Array(" ::: ".utf8)
        guard cell.count > separator.count else { return nil }
        return (1..<(cell.count - separator.count)).first { cell[$0...].starts(with: separator) }
    }

    private func phone(
        _ prefix: UnsafeBufferPointer<UInt8>,
        _ cell: UnsafeBufferPointer<UInt8>,
        line: Int,
        _ step: Step,
        into output: inout DecodedRows
    ) -> ContactValue {
        guard !cell.trimmed().isEmpty else { return .empty }
        let start = UInt32(output.bytes.count)
        let isNumber =
            prefix.isEmpty
            ? PhoneNumber.normalise(cell, into: &output.bytes)
            : (Array(prefix) + Array(cell)).withUnsafeBufferPointer { PhoneNumber.normalise($0, into: &output.bytes) }
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

    private func value(
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
