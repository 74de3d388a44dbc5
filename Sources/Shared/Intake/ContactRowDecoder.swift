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
    private let idSystemColumn: Int?
    private let emailHeader: String
    private let policy: AddressPolicy
    private let ignoredColumns: [Int]
    private let dropsFormulaMarks: Bool
    private let optOuts: [OptOutColumn]

    struct Step: Sendable {
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
        // In an export the numbers are whole.
        self.phonePrefixColumn =
            mapping.isExport ? nil : mapping.fields.first { $0.name == HeaderMapping.phonePrefix }?.column
        self.keepsByExternalID = mapping.keepsWithoutAddress
        self.idSystem = mapping.idSystem
        self.idSystemColumn = mapping.idSystemColumn
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
        output.hasIDSystems = self.idSystemColumn != nil
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
        var system = self.idSystem
        var systemRange = 0..<0
        if let column = self.idSystemColumn {
            systemRange = table.range(row: row, column: column)
            system = String(decoding: cells[systemRange], as: UTF8.self)
            guard systemRange.isEmpty || Self.isIDSystem(system) else {
                return (column + 1, "'\(system.prefix(40))' names no system of ids: 1 to 32 of a-z, 0-9 and _ do")
            }
        }
        if address.isEmpty, phone.kind == .empty, self.keepsByExternalID, externalID.kind != .empty {
            address = Self.key("id:\(system):", of: externalID, in: &output)
        } else if address.isEmpty {
            guard phone.kind != .empty else {
                let column = (self.emailColumn ?? self.phoneColumn ?? -1) + 1
                return (column, "there is no address that can be used: \(self.addressColumns)")
            }
            address = Self.key("tel:", of: phone, in: &output)
        }
        output.addresses.append(address)
        if self.idSystemColumn != nil {
            output.idSystems.append(UInt32(systemRange.lowerBound)..<UInt32(systemRange.upperBound))
        }
        for column in self.optOuts {
            let range = table.range(row: row, column: column.column)
            if let about = column.about, let own = self.emailColumn, about != own {
                let other = UnsafeBufferPointer(rebasing: cells[table.range(row: row, column: about)]).trimmed()
                let address = UnsafeBufferPointer(rebasing: cells[table.range(row: row, column: own)]).trimmed()
                guard other.lazy.map(\.lowercased).elementsEqual(address.lazy.map(\.lowercased)) else { continue }
            }
            switch column.saying(UnsafeBufferPointer(rebasing: cells[range])) {
            case .nothing: continue
            case .bars(let reason, let channels):
                output.optOuts.append(
                    RowOptOut(row: output.count, column: column, reason: reason, channels: channels)
                )
            case .unclear:
                let words = UInt32(range.lowerBound)..<UInt32(range.upperBound)
                output.unclear.append(RowUnclear(row: output.count, column: column.column, words: words))
            }
        }
        return nil
    }

    private static func isIDSystem(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isLetter && !$0.isUpperCaseLetter || $0.isDigit || $0 == 0x5F }
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
}
