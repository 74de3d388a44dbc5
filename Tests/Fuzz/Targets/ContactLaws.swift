import Domain
import Intake

/// Laws of ``ContactTable``: header mapping, types, values and addresses of a whole file.
enum ContactLaws {
    /// All that comes out of a file of contacts.
    fileprivate struct Reading: Equatable {
        var fields: [Field] = []
        var cells: [[[UInt8]]] = []
        var lines: [Int] = []
        var rejects: [RejectedRow] = []
        var warnings: [Diagnostic] = []
        var problems: [Diagnostic] = []
    }

    /// What an earlier import defined.
    private static let known = [Field(name: "age", type: .integer), Field(name: "joined", type: .date)]

    static func check(_ bytes: [UInt8]) throws {
        let whole = try Self.read([bytes[...]])
        let pieces = try Self.read(Pieces.of(bytes))
        try law(whole == pieces, "contacts are read the same however they come:\n\(whole)\n\(pieces)")
        try law(Set(whole.fields.map(\.name)).count == whole.fields.count, "no two fields have one name")
        for field in whole.fields {
            let name = field.name
            try law(name.utf8.count <= Field.nameLengthMax, "a field's name is bounded: \(name)")
            let isWord = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
            try law(isWord && !Expression.keywords.contains(name), "a field's name can be asked for: \(name)")
        }
    }

    private static func read(_ pieces: [ArraySlice<UInt8>]) throws -> Reading {
        let table = ContactTable(knownFields: Self.known)
        var reading = Reading()
        var batch = DecodedRows()
        func drain() throws {
            do {
                while try table.read(into: &batch) {
                    try Self.check(batch)
                    reading.take(batch)
                }
            } catch let problems as Diagnostics {
                reading.problems = problems.diagnostics
            }
        }
        for piece in pieces {
            table.push(Array(piece))
            try drain()
            if !reading.problems.isEmpty { return reading }
        }
        table.finish()
        try drain()
        reading.fields = table.fields
        return reading
    }

    private static func check(_ batch: DecodedRows) throws {
        for row in 0..<batch.count {
            let address = batch.addresses[row]
            if let email = batch.emailAddress(row: row) {
                let parsed = try? AddressParser.parse(email.text).get()
                try law(parsed == email, "an imported address is one: \(email.text)")
                try law(batch.text(address.key) == email.key, "its key is in lower case: \(email.text)")
            } else {
                try law(batch.text(address.key).hasPrefix("tel:"), "who has no address has a number")
            }
            for field in batch.fields.indices {
                let value = batch.value(row: row, field: field)
                let type = batch.fields[field].type
                try law(Self.fits(value, type, batch), "a value is of its field's type: \(value)")
            }
        }
    }

    private static func fits(_ value: ContactValue, _ type: FieldType, _ batch: DecodedRows) -> Bool {
        switch value.kind {
        case .empty: true
        case .text: type == .text
        case .integer: type == .integer && Int64(batch.text(value.range)) == value.integer
        case .decimal: type == .decimal && value.real.isFinite
        case .boolean: type == .boolean && (value.integer == 0 || value.integer == 1)
        case .date: type == .date && CalendarDay.isDay(batch.text(value.range))
        }
    }
}

extension ContactLaws.Reading {
    fileprivate mutating func take(_ batch: DecodedRows) {
        for row in 0..<batch.count {
            var cells: [[UInt8]] = []
            batch.forEachStoredCell(row: row) { cells.append(Array($0)) }
            self.cells.append(cells)
        }
        self.lines += batch.lines
        self.rejects += batch.rejects
        self.warnings += batch.warnings
    }
}
