import Domain
import Intake
import TimeZones

/// Words of a file that matter for whether and when people are written to, and that nobody could read: counted by column.
struct ImportUnclear: Sendable {
    private let zones: any ZoneSource
    /// Of the mapping, once there is one.
    private var places: PlaceColumns?
    private var readings: [Words: PlaceReading.Unread] = [:]
    private var rows: [Key: Use] = [:]

    private struct Words: Hashable {
        let timezone: String
        let country: String
    }

    private struct Key: Hashable {
        let column: Int
        let about: ImportAnswer.UnclearUse.About
    }

    private struct Use {
        var rows = 0
        var examples: [String] = []
    }

    /// Where a row says where its person is.
    private struct PlaceColumns {
        /// Among the batch's fields.
        let timezone: Int?
        /// Likewise, the surest first.
        let countries: [Int]
        /// The columns of the fields.
        let columns: [Int]

        init(_ mapping: HeaderMapping) {
            let fields = mapping.fields
            self.columns = fields.map(\.column)
            self.timezone = fields.firstIndex { $0.name == "timezone" }
            self.countries = RecipientPlace.FieldNames.country.compactMap { name in
                fields.firstIndex { $0.name == name }
            }
        }

        var areAny: Bool { self.timezone != nil || !self.countries.isEmpty }
    }

    /// Different words remembered; forgotten all at once when there are more.
    private static let readingsMax = 4_096
    /// Examples of one column; more would not be read.
    private static let examplesMax = 3
    /// Characters of an example.
    private static let exampleLengthMax = 40

    init(_ zones: any ZoneSource) { self.zones = zones }

    /// Looks at the rows of a batch.
    ///
    /// - Returns: A warning of each word that could not be read.
    mutating func take(_ batch: DecodedRows, _ mapping: HeaderMapping?) -> [Diagnostic] {
        guard let mapping else { return [] }
        let places = self.places ?? PlaceColumns(mapping)
        self.places = places
        var warnings: [Diagnostic] = []
        for one in batch.unclear {
            let key = Key(column: one.column, about: .consent)
            warnings.append(self.note(batch.text(one.words), key, line: batch.lines[one.row]))
        }
        guard places.areAny else { return warnings }
        for row in 0..<batch.count { self.look(at: row, of: batch, places, &warnings) }
        return warnings
    }

    private mutating func look(
        at row: Int,
        of batch: DecodedRows,
        _ places: PlaceColumns,
        _ warnings: inout [Diagnostic]
    ) {
        func text(_ field: Int) -> String { batch.text(batch.value(row: row, field: field).range) }
        let timezone = places.timezone.map(text) ?? ""
        let country = places.countries.first { !batch.value(row: row, field: $0).range.isEmpty }
        let words = Words(timezone: timezone, country: country.map(text) ?? "")
        guard !words.timezone.isEmpty || !words.country.isEmpty else { return }
        let unread = self.readings[words] ?? self.read(words)
        guard !unread.isEmpty else { return }
        let line = batch.lines[row]
        if unread.contains(.timezone), let field = places.timezone {
            let key = Key(column: places.columns[field], about: .timezone)
            warnings.append(self.note(words.timezone, key, line: line))
        }
        if unread.contains(.country), let field = country {
            let key = Key(column: places.columns[field], about: .country)
            warnings.append(self.note(words.country, key, line: line))
        }
    }

    private mutating func read(_ words: Words) -> PlaceReading.Unread {
        if self.readings.count >= Self.readingsMax { self.readings.removeAll() }
        let unread = PlaceReading(timezone: words.timezone, country: words.country, self.zones).unread
        self.readings[words] = unread
        return unread
    }

    private mutating func note(_ text: String, _ key: Key, line: Int) -> Diagnostic {
        var use = self.rows[key] ?? Use()
        use.rows += 1
        let example = String(text.prefix(Self.exampleLengthMax))
        if use.examples.count < Self.examplesMax, !use.examples.contains(example) { use.examples.append(example) }
        self.rows[key] = use
        let what =
            switch key.about {
            case .timezone: "is no time zone that is known"
            case .country: "is no country that is known"
            case .consent: "may be a no to writing, and is not heeded"
            }
        return Diagnostic(.warning, line: line, column: key.column + 1, "'\(example)' \(what)")
    }

    /// The counts, in the order of the columns.
    func uses(_ headers: [String]) -> [ImportAnswer.UnclearUse] {
        self.rows.sorted { $0.key.column < $1.key.column }.map { key, use in
            ImportAnswer.UnclearUse(
                column: headers[key.column],
                about: key.about,
                rows: use.rows,
                examples: use.examples
            )
        }
    }
}
