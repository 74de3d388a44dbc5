package import Domain

/// The values of one field for all rows of a shard: one run of bytes, and where each value ends in it.
package struct FieldColumn: Hashable, Sendable {
    /// All values, one behind the other, in UTF-8.
    package let text: [UInt8]
    /// Value `i` is `text[end[i - 1] ..< end[i]]`.
    package let end: [UInt32]

    /// - Returns: `nil` unless the ends ascend and the last one is the text's.
    package init?(text: [UInt8], end: [UInt32]) {
        var previous: UInt32 = 0
        for position in end {
            guard position >= previous else { return nil }
            previous = position
        }
        guard Int(previous) == text.count else { return nil }
        self.text = text
        self.end = end
    }

    /// A column of texts.
    package init(_ values: [String]) {
        var text: [UInt8] = []
        var end: [UInt32] = []
        for value in values {
            text.append(contentsOf: value.utf8)
            end.append(UInt32(text.count))
        }
        self.text = text
        self.end = end
    }

    /// Number of values.
    package var count: Int { self.end.count }

    /// A value's bytes, without copying them.
    ///
    /// - Parameter row: `0 ..< count`.
    package subscript(row: Int) -> ArraySlice<UInt8> { self.text[self.range(of: row)] }

    @inline(__always)
    func range(of row: Int) -> Range<Int> {
        let end = Int(self.end[row])
        return (row == 0 ? 0 : Int(self.end[row - 1]))..<end
    }
}

/// One row of a table of fields.
package struct FieldRow: Sendable {
    /// The campaign's fields, in their order.
    package let columns: [FieldColumn]
    /// Index into every column.
    package let index: Int

    package init(columns: [FieldColumn], index: Int) {
        self.columns = columns
        self.index = index
    }

    /// Whether there are `fields` columns that all reach to this row.
    func fits(_ fields: Int) -> Bool {
        guard self.columns.count == fields, self.index >= 0 else { return false }
        return self.columns.withUnsafeBufferPointer { columns in
            columns.indices.allSatisfy { self.index < columns[$0].end.count }
        }
    }
}

/// A template whose names are bound to columns.
package final class BoundTemplate: Sendable {
    package let template: Template
    private let slots: [Slot]
    private let fieldCount: Int

    /// What a name in a template stands for.
    fileprivate struct Slot: Sendable {
        /// Index of the column, or ``none`` or ``current``.
        let column: Int32
        let isBoolean: Bool

        /// No such field; dotted names are none either, a row having no levels.
        static let none: Int32 = -1
        /// The implicit iterator: the value of the innermost open section.
        static let current: Int32 = -2
    }

    /// Binds a template to a campaign's fields.
    ///
    /// - Parameters:
    ///   - template: What will be rendered.
    ///   - fields: The columns of every row that will be rendered, in their order.
    /// - Throws: ``InvalidContent`` when a name is no field.
    package init(_ template: Template, fields: [Field]) throws(InvalidContent) {
        let unknown = template.unknownFields(among: fields)
        guard unknown.isEmpty else { throw InvalidContent(unknown) }
        var columns: [String: Int] = [:]
        for (index, field) in fields.enumerated() { columns[field.name] = index }
        self.template = template
        self.fieldCount = fields.count
        self.slots = template.names.map { name in
            if name == "." { return Slot(column: Slot.current, isBoolean: false) }
            guard let column = columns[name] else { return Slot(column: Slot.none, isBoolean: false) }
            // What has no values yet may become true and false.
            return Slot(column: Int32(column), isBoolean: fields[column].type == .boolean || fields[column].isOpen)
        }
    }

    /// Whether every row renders to the same text, the template's own.
    var isConstant: Bool {
        self.template.operations.allSatisfy { operation in
            switch operation {
            case .literal, .return: true
            default: false
            }
        }
    }

    /// Renders one row.
    ///
    /// A section is entered, once, when its value is not empty and, for a boolean field, is not `false`; `.` is then that value.
    ///
    /// - Parameters:
    ///   - row: With exactly the columns that the template was bound to.
    ///   - out: Gets the text behind what it holds.
    ///   - bytesMax: Most bytes that may come out.
    /// - Throws: ``RenderError/tooLarge`` or ``RenderError/rowMismatch``.
    package func render(
        _ row: FieldRow,
        into out: inout MessageBytes,
        bytesMax: Int = MessageComposer.messageBytesMax
    ) throws(RenderError) {
        guard row.fits(self.fieldCount) else { throw .rowMismatch }
        try row.columns.withUnsafeBufferPointer { columns throws(RenderError) in
            try self.slots.withUnsafeBufferPointer { slots throws(RenderError) in
                var scope = RowScope(columns: columns, row: row.index, slots: slots)
                try self.template.run(&scope, into: &out, bytesMax: bytesMax)
            }
        }
    }

    /// The text that one row renders to.
    package func text(_ row: FieldRow) throws(RenderError) -> String {
        var out = MessageBytes(capacity: 1_024)
        try self.render(row, into: &out)
        return String(decoding: out.bytes, as: UTF8.self)
    }
}

/// A row as a template sees it.
private struct RowScope: TemplateScope {
    let columns: UnsafeBufferPointer<FieldColumn>
    let row: Int
    let slots: UnsafeBufferPointer<BoundTemplate.Slot>
    /// Of the open sections, from the outermost.
    var openColumns: [Int32] = []

    mutating func open(_ name: Int) -> Bool {
        guard self.isTrue(name) else { return false }
        self.openColumns.append(self.column(of: name))
        return true
    }

    mutating func advance() -> Bool {
        self.openColumns.removeLast()
        return false
    }

    func isTrue(_ name: Int) -> Bool {
        let column = self.column(of: name)
        guard column >= 0 else { return false }
        let value = self.columns[Int(column)]
        let range = value.range(of: self.row)
        guard self.slots[name].isBoolean else { return !range.isEmpty }
        return !range.isEmpty && !value.text[range].elementsEqual("false".utf8)
    }

    @inline(__always)
    func print(_ name: Int, escaped: Bool, into out: inout MessageBytes) {
        let column = self.column(of: name)
        guard column >= 0 else { return }
        let range = self.columns[Int(column)].range(of: self.row)
        self.columns[Int(column)].text.withUnsafeBufferPointer { text in
            let value = UnsafeBufferPointer(rebasing: text[range])
            if escaped { out.appendEscapingHTML(value) } else { out.append(value) }
        }
    }

    @inline(__always)
    private func column(of name: Int) -> Int32 {
        let column = self.slots[name].column
        return column == BoundTemplate.Slot.current ? self.openColumns.last ?? BoundTemplate.Slot.none : column
    }
}
