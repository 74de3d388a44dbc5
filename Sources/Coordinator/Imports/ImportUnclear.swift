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
    /// - Returns: How many words could not be read.
    mutating func take(_ batch: DecodedRows, _ mapping: HeaderMapping?) -> Int {
        guard let mapping else { return 0 }
        for one in batch.unclear { self.note(batch.text(one.words), Key(column: one.column, about: .consent)) }
        let places = self.places ?? PlaceColumns(mapping)
        self.places = places
        guard places.areAny else { return batch.unclear.count }
        var count = batch.unclear.count
        for row in 0..<batch.count { count += self.look(at: row, of: batch, places) }
        return count
    }

    private mutating func look(at row: Int, of batch: DecodedRows, _ places: PlaceColumns) -> Int {
        func text(_ field: Int) -> String { batch.text(batch.value(row: row, field: field).range) }
        let timezone = places.timezone.map(text) ?? ""
        let field = places.countries.first { !batch.value(row: row, field: $0).range.isEmpty }
        let country = field.map(text) ?? ""
        guard !timezone.isEmpty || !country.isEmpty else { return 0 }
        let words = Words(timezone: timezone, country: country)
        let unread = self.readings[words] ?? self.read(words)
        guard !unread.isEmpty else { return 0 }
        if unread.contains(.timezone), let field = places.timezone {
            self.note(timezone, Key(column: places.columns[field], about: .timezone))
        }
        if unread.contains(.country), let field {
            self.note(country, Key(column: places.columns[field], about: .country))
        }
        return unread == [.timezone, .country] ? 2 : 1
    }

    private mutating func read(_ words: Words) -> PlaceReading.Unread {
        if self.readings.count >= Self.readingsMax { self.readings.removeAll() }
        let unread = PlaceReading(timezone: words.timezone, country: words.country, self.zones).unread
        self.readings[words] = unread
        return unread
    }

    private mutating func note(_ text: String, _ key: Key) {
        var use = self.rows[key] ?? Use()
        use.rows += 1
        let example = String(text.prefix(Self.exampleLengthMax))
        if use.examples.count < Self.examplesMax, !use.examples.contains(example) { use.examples.append(example) }
        self.rows[key] = use
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
