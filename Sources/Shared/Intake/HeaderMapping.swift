package import Domain

/// Which column of a table holds which field.
package struct HeaderMapping: Hashable, Sendable {
    /// What a column is read as.
    package enum Column: Hashable, Sendable {
        case email
        /// A field by its name: phone, external_id, timezone, language, or one that imports define.
        case field(String)
        /// Has no name; what stands there is left out, with a warning.
        case ignored
        /// Is not taken over, whatever it holds.
        case leftOut
    }

    /// Before the column of this name, cells may have the beginning of a telephone number.
    package static let phonePrefix = "phone_area_code"

    /// What an export of contacts has beside their fields: the first stands before them, the others behind.
    package static let exportColumns = ["contact", Self.idSystemName] + Self.lastExportColumns
    /// Those at the end of exports of all versions.
    static let lastExportColumns = ["lists", "sources", "consent", "created_at", "updated_at"]
    /// In exports: whose number a contact's external id is.
    static let idSystemName = "id_system"

    /// One for each column of the table, from the left.
    package let columns: [Column]
    /// The header's texts, for messages.
    package let headers: [String]
    /// The columns that say who must not be written to, also where they are left out as fields.
    package let optOuts: [OptOutColumn]
    /// Whether this program wrote the file: a `'` before a formula is none of the value then.
    package let isOwn: Bool
    /// Whether the rows are contacts that this program exported, as they are in the store.
    package let isExport: Bool
    /// The column (0-based) that says whose the external ids are, row by row; only an export has it.
    let idSystemColumn: Int?
    /// What the user may want to know: names that were changed, columns that were passed over.
    package let warnings: [Diagnostic]

    /// The fields' names with their columns (0-based), the address column left out.
    package var fields: [(name: String, column: Int)] {
        self.columns.enumerated().compactMap { index, column in
            guard case .field(let name) = column else { return nil }
            return (name, index)
        }
    }

    /// The column (0-based) of the e-mail address, if there is one.
    package var emailColumn: Int? { self.columns.firstIndex(of: .email) }

    /// The columns that a file of rejected rows has behind its own.
    package var rejectColumns: [String] { Array(self.headers.dropFirst(self.ownRejectColumns)) }

    /// How many columns stand before those in a file of rejected rows that is read again; else 0.
    package var ownRejectColumns: Int {
        self.headers.starts(with: RejectWriter.ownColumns) ? RejectWriter.ownColumns.count : 0
    }

    /// Whose numbers the external ids are: numbers of two systems are never the same.
    ///
    /// Empty for those of the user's own.
    package let idSystem: String
    /// Whether a row is taken that has an external id and neither e-mail nor telephone.
    package let keepsWithoutAddress: Bool

    /// - Parameters:
    ///   - headers: The header's cells, from the left.
    ///   - map: What the user says about columns. Goes before everything that is guessed.
    ///   - isExport: Whether the file is known to be an export of this program; else the headers tell.
    /// - Returns: The mapping, or everything that is wrong with the header.
    package static func make(
        headers: [String],
        map: ColumnMap = ColumnMap(),
        isExport: Bool = false
    ) -> Result<HeaderMapping, Diagnostics> {
        var builder = HeaderMappingBuilder(headers: headers, map: map)
        builder.applyNames(map.names)
        builder.leaveOut()
        builder.leaveOutOwn()
        if isExport { builder.takeForExport(idSystemColumn: headers.lastIndex(of: Self.idSystemName)) }
        builder.nameTheRest()
        // An export has the names that fields have.
        if !builder.isExport {
            builder.recogniseBuiltIns()
            builder.recogniseCommon()
        }
        builder.tellRepeatedApart()
        builder.check()
        return builder.result
    }
}

private struct HeaderMappingBuilder {
    let headers: [String]
    let map: ColumnMap
    var leftOut: Set<Int> = []
    /// Columns of this program's own, beside the fields.
    var own: Set<Int> = []
    var isOwn = false
    var isExport = false
    var idSystemColumn: Int?
    var idSystem = ""
    /// Under which name the address was found.
    private var emailSynonym: String?
    /// The field name of each column; `nil` for one without a name at the end of the header.
    var names: [String?]
    /// Whether the user gave the name.
    var isGiven: [Bool]
    var problems: [Diagnostic] = []
    var warnings: [Diagnostic] = []

    init(headers: [String], map: ColumnMap) {
        self.headers = headers
        self.map = map
        self.names = Array(repeating: nil, count: headers.count)
        self.isGiven = Array(repeating: false, count: headers.count)
    }

    mutating func applyNames(_ given: [String: String]) {
        for (header, name) in given.sorted(by: { $0.key < $1.key }) {
            guard let column = self.headers.firstIndex(of: header) else {
                self.problems.append(
                    Diagnostic(
                        .error,
                        "the map names the column '\(header)', which the file does not have; \(self.seen)"
                    )
                )
                continue
            }
            guard HeaderName.snakeCase(name) == name, name.utf8.count <= Field.nameLengthMax else {
                self.fail(
                    column,
                    "'\(name)' is no field name: allowed are lower-case letters, digits and _, a letter first, at most "
                        + "\(Field.nameLengthMax), and no word of the expression language"
                )
                continue
            }
            self.names[column] = name
            self.isGiven[column] = true
        }
    }

    mutating func leaveOut() {
        for header in self.map.leftOut.sorted() {
            let columns = self.headers.indices.filter { self.headers[$0] == header }
            if columns.isEmpty {
                self.problems.append(
                    Diagnostic(
                        .error,
                        "the map leaves the column '\(header)' out, which the file does not have; \(self.seen)"
                    )
                )
            }
            self.leftOut.formUnion(columns)
        }
    }

    /// Leaves out what this program writes beside the fields: in files of rejected rows, and in exports.
    mutating func leaveOutOwn() {
        let own = RejectWriter.ownColumns.count
        if self.headers.count > own, self.headers.starts(with: RejectWriter.ownColumns) {
            self.isOwn = true
            self.own.formUnion(0..<own)
            self.leftOut.formUnion(self.own)
        }
        let first = self.isOwn ? own : 0
        let last = HeaderMapping.lastExportColumns
        guard self.headers.count > first + last.count, self.headers[first] == HeaderMapping.exportColumns[0],
            self.headers.suffix(last.count).elementsEqual(last)
        else { return }
        self.isOwn = true
        self.own.insert(first)
        self.own.formUnion(self.headers.indices.suffix(last.count))
        self.leftOut.formUnion(self.own)
        let system = self.headers.count - last.count - 1
        self.takeForExport(idSystemColumn: self.headers[system] == HeaderMapping.idSystemName ? system : nil)
    }

    mutating func takeForExport(idSystemColumn: Int?) {
        self.isExport = true
        guard let idSystemColumn else { return }
        self.leftOut.insert(idSystemColumn)
        // What the user says goes before.
        if self.map.idSystem == nil { self.idSystemColumn = idSystemColumn }
    }

    /// Whether the program wrote the column itself: what it is called says nothing about the person then.
    private func isOwnColumn(_ column: Int) -> Bool {
        self.own.contains(column) || self.isExport && HeaderMapping.exportColumns.contains(self.headers[column])
    }

    private var keepsWithoutAddress: Bool { self.map.keepsWithoutAddress || self.isExport }

    mutating func nameTheRest() {
        // Spreadsheets leave empty columns behind the last one; those in between were forgotten.
        let lastNamed = self.headers.lastIndex { !$0.isEmpty } ?? -1
        for column in self.headers.indices where self.names[column] == nil && !self.leftOut.contains(column) {
            let header = self.headers[column]
            guard !header.isEmpty else {
                if column < lastNamed {
                    self.fail(column, "column \(column + 1) has no name; give it one in the first line")
                } else {
                    self.warn(
                        column,
                        "column \(column + 1) has no name and is passed over; values there are left out"
                    )
                }
                continue
            }
            var name = HeaderName.snakeCase(header)
            if name.isEmpty {
                name = "field_\(column + 1)"
                self.warn(
                    column,
                    "the name '\(header)' cannot be written in ASCII letters; the field is called \(name)"
                )
            }
            if name.utf8.count > Field.nameLengthMax {
                name = HeaderName.shortened(name)
                self.warn(
                    column,
                    "the name '\(header)' is longer than \(Field.nameLengthMax); the field is called \(name)"
                )
            }
            self.names[column] = name
        }
    }

    /// Gives each built-in field to the column that is most surely meant; others that could be keep their own names.
    mutating func recogniseBuiltIns() {
        for field in BuiltInField.allCases where !self.names.contains(field.rawValue) {
            guard let (column, synonym) = self.rename(to: field.rawValue, from: HeaderSynonyms.names(of: field)) else {
                continue
            }
            if field == .email { self.emailSynonym = synonym }
            if field == .externalID { self.idSystem = HeaderSynonyms.idSystem(of: synonym) }
            self.names[column] = field.rawValue
        }
    }

    /// Gives fields that nearly every export has one name each, so that one template fits all.
    mutating func recogniseCommon() {
        let ofOrders = HeaderSynonyms.orderNames(withEmail: self.emailSynonym)
        for (name, synonyms) in HeaderSynonyms.common where !self.names.contains(name) {
            if let (column, _) = self.rename(to: name, from: synonyms + (ofOrders[name] ?? [])) {
                self.names[column] = name
            }
        }
    }

    private func rename(to name: String, from synonyms: [String]) -> (column: Int, synonym: String)? {
        for synonym in synonyms {
            let column = self.names.indices.first { self.names[$0] == synonym && !self.isGiven[$0] }
            if let column { return (column, synonym) }
        }
        return nil
    }

    /// Numbers columns that have the same name, except those by which people are known: there it must be said which is meant.
    mutating func tellRepeatedApart() {
        var taken = Set(self.names.compactMap { $0 })
        var seen: Set<String> = []
        for (column, name) in self.names.enumerated() {
            guard let name, !seen.insert(name).inserted, BuiltInField(rawValue: name) == nil, !self.isGiven[column]
            else {
                continue
            }
            var number = 2
            while taken.contains("\(HeaderName.shortened(name, by: 4))_\(number)") { number += 1 }
            let other = "\(HeaderName.shortened(name, by: 4))_\(number)"
            taken.insert(other)
            self.names[column] = other
            self.warn(
                column,
                "there is another column '\(self.headers[column])'; the field of this one is called \(other)"
            )
        }
    }

    mutating func check() {
        var columns: [String: Int] = [:]
        for (column, name) in self.names.enumerated() {
            guard let name else { continue }
            if let other = columns[name] {
                self.fail(
                    column,
                    "columns \(other + 1) ('\(self.headers[other])') and \(column + 1) ('\(self.headers[column])') would "
                        + "both be the field \(name); rename one of them"
                )
            } else {
                columns[name] = column
            }
        }
        for name in self.map.types.keys.sorted() where columns[name] == nil {
            let near = nearestName(to: name, in: columns.keys.sorted()).map { "; did you mean '\($0)'?" } ?? ""
            self.problems.append(
                Diagnostic(.error, "the map gives '\(name)' a type, and no column becomes that field\(near)")
            )
        }
        guard columns[BuiltInField.email.rawValue] == nil, columns[BuiltInField.phone.rawValue] == nil else { return }
        let idColumn = columns[BuiltInField.externalID.rawValue]
        if self.keepsWithoutAddress, idColumn != nil { return }
        let remedy = idColumn.map {
            ". '\(self.headers[$0])' is an id: with `without_address: keep` in a mapping file (--map) people are known by it alone"
        }
        self.problems.append(
            Diagnostic(
                line: 1,
                "there is no address column: one must be called email (or e-mail, mail, email address); "
                    + "\(self.seen)\(remedy ?? "")"
            )
        )
    }

    var result: Result<HeaderMapping, Diagnostics> {
        guard self.problems.isEmpty else { return .failure(Diagnostics(self.problems + self.warnings)) }
        let columns = self.names.enumerated().map { column, name -> HeaderMapping.Column in
            if self.leftOut.contains(column) { return .leftOut }
            guard let name else { return .ignored }
            return name == BuiltInField.email.rawValue ? .email : .field(name)
        }
        return .success(
            HeaderMapping(
                columns: columns,
                headers: self.headers,
                optOuts: !self.map.heedsOptOuts
                    ? []
                    : self.headers.enumerated().compactMap {
                        self.isOwnColumn($0.offset)
                            ? nil : OptOutColumn(header: $0.element, column: $0.offset, among: self.headers)
                    },
                isOwn: self.isOwn,
                isExport: self.isExport,
                idSystemColumn: self.idSystemColumn,
                warnings: self.warnings,
                idSystem: self.map.idSystem ?? self.idSystem,
                keepsWithoutAddress: self.keepsWithoutAddress
            )
        )
    }

    private var seen: String {
        let shown = self.headers.prefix(20).map { "'\($0.prefix(40))'" }.joined(separator: ", ")
        let more = self.headers.count > 20 ? " and \(self.headers.count - 20) more" : ""
        return "the first line has \(shown)\(more)"
    }

    private mutating func fail(_ column: Int, _ message: String) {
        self.problems.append(Diagnostic(line: 1, column: column + 1, message))
    }

    private mutating func warn(_ column: Int, _ message: String) {
        self.warnings.append(Diagnostic(.warning, line: 1, column: column + 1, message))
    }
}
