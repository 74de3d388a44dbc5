package import Domain

/// Reads a list of addresses that must not be written to, in whatever form people keep it.
///
/// Losing one of them is worse than taking a strange form, so all of this is read: a table with a header, of which every column that is
/// named like an address counts; a file without a header; JSON lines; several addresses in a cell; `Ann Lee <ann@example.org>`;
/// `mailto:` links; blanks of any kind and dots around an address. What cannot be read is a reject with its line and reason.
package final class SuppressionTable {
    /// An address in canonical form.
    package struct Entry: Hashable, Sendable {
        package let key: String
        /// 1-based number of the line on which its row begins.
        package let line: Int
    }

    /// What some rows held.
    package struct Batch: Sendable {
        package internal(set) var entries: [Entry] = []
        package internal(set) var rejects: [RejectedRow] = []
        /// Rows of the file, rejects among them.
        package internal(set) var rows = 0

        package init() {}
    }

    private let channel: SuppressionChannel
    private var choice = RowReaderChoice()
    private var reader: (any RowReader)?
    private var columns: SuppressionColumns?
    private var spare = TableBatch()

    /// - Parameter channel: What the addresses are.
    package init(_ channel: SuppressionChannel) { self.channel = channel }

    /// Takes the next piece of the file.
    package func push(_ bytes: UnsafeRawBufferPointer) {
        if let reader { reader.push(bytes) } else { self.reader = self.choice.push(bytes, TableForm()) }
    }

    /// Says that the file ends here.
    package func finish() {
        let reader = self.reader ?? self.choice.finish(TableForm())
        self.reader = reader
        reader.finish()
    }

    /// Columns with a name like an address's that are not read, since they may be somebody else's, such as `referrer_email`.
    package var passedColumns: [String] { self.columns?.passed ?? [] }

    /// Reads some rows.
    ///
    /// - Returns: `nil`: push more, or the file is read to its end.
    /// - Throws: When the file is no table, or no column has addresses.
    package func read() throws(Diagnostic) -> Batch? {
        guard let reader else { return nil }
        var batch = Batch()
        if self.columns == nil {
            guard let header = try reader.readHeader() else { return nil }
            let columns = try SuppressionColumns(header, self.channel)
            self.columns = columns
            if !columns.hasHeader { self.take(header, line: 1, raw: Array(header.joined(separator: ",").utf8), &batch) }
        }
        guard let columns, try reader.read(into: &self.spare) else { return batch.rows > 0 ? batch : nil }
        for row in 0..<self.spare.count {
            let cells = columns.read.map { self.spare.text(row: row, column: $0) }
            self.take(cells, line: self.spare.lines[row], raw: self.spare.raw(row: row), &batch)
        }
        for reject in self.spare.rejects { self.salvage(reject, &batch) }
        return batch
    }

    private func take(_ cells: [String], line: Int, raw: some Collection<UInt8>, _ batch: inout Batch) {
        batch.rows += 1
        var keys: [String] = []
        var problem: String?
        for cell in cells {
            switch LooseAddresses.read(cell, self.channel) {
            case .keys(let found): keys += found
            case .problem(let found, let text):
                keys += found
                problem = problem ?? text
            }
        }
        batch.entries += keys.map { Entry(key: $0, line: line) }
        guard keys.isEmpty || problem != nil else { return }
        let noun = self.channel == .email ? "e-mail address" : "telephone number"
        batch.rejects.append(
            RejectedRow(
                line: line,
                column: 0,
                reason: problem ?? "there is no \(noun)",
                raw: Array(raw.prefix(RejectedRow.rawBytesMax))
            )
        )
    }

    /// A row that is none may still name one address beyond doubt.
    private func salvage(_ reject: RejectedRow, _ batch: inout Batch) {
        batch.rows += 1
        if self.channel == .email,
            case .keys(let keys) = LooseAddresses.read(String(decoding: reject.raw, as: UTF8.self), .email),
            Set(keys).count == 1, let key = keys.first
        {
            batch.entries.append(Entry(key: key, line: reject.line))
        } else {
            batch.rejects.append(reject)
        }
    }
}

/// Which columns of a list have the addresses.
struct SuppressionColumns {
    /// From 0.
    let read: [Int]
    let passed: [String]
    /// Whether the first row names columns; else it is a row like all others.
    let hasHeader: Bool

    /// Words that may stand beside one for an address without making it somebody else's.
    private static let plainWords: Set<String> = [
        "primary", "secondary", "second", "other", "alternate", "alternative", "additional", "work", "home", "private",
        "personal",
        "business", "preferred", "contact", "subscriber", "address", "addr", "value", "number", "no", "1", "2", "3",
        "4", "5",
        "field",
    ]
    private static let addressWords: [SuppressionChannel: Set<String>] = [
        .email: ["email", "e", "mail", "emails", "mails", "courriel", "correo"],
        .sms: ["phone", "phones", "telephone", "tel", "mobile", "cell", "cellphone", "sms", "telefon", "telefono"],
    ]

    init(_ header: [String], _ channel: SuppressionChannel) throws(Diagnostic) {
        let field = channel == .email ? BuiltInField.email : .phone
        let synonyms = Set(HeaderSynonyms.names(of: field))
        let nouns = Self.addressWords[channel] ?? []
        var read: [Int] = []
        var passed: [String] = []
        for (index, title) in header.enumerated() {
            let name = HeaderName.snakeCase(title)
            let words = name.split(separator: "_").map { $0.trimmingDigits }
            guard synonyms.contains(name) || words.contains(where: { nouns.contains($0) && $0 != "e" }) else {
                continue
            }
            let isPlain = words.allSatisfy { $0.isEmpty || nouns.contains($0) || Self.plainWords.contains($0) }
            if synonyms.contains(name) || isPlain { read.append(index) } else { passed.append(title) }
        }
        let isList = header.contains { cell in
            if case .keys(let keys) = LooseAddresses.read(cell, channel) { !keys.isEmpty } else { false }
        }
        if isList {
            (self.read, self.passed, self.hasHeader) = (Array(header.indices), [], false)
        } else if !read.isEmpty || header.count == 1 {
            // One column alone needs no name that we know.
            (self.read, self.passed, self.hasHeader) = (read.isEmpty ? [0] : read, passed, true)
        } else {
            let columns = header.prefix(12).map { "'\($0.prefix(40))'" }.joined(separator: ", ")
            throw Diagnostic(
                line: 1,
                "no column has \(channel == .email ? "e-mail addresses" : "telephone numbers"): call one '\(field.rawValue)'; "
                    + "there are \(columns)"
            )
        }
    }
}

extension Substring {
    /// `email` of `email2`.
    fileprivate var trimmingDigits: String {
        var text = self
        while let last = text.last, last.isNumber, text.contains(where: \.isLetter) { text.removeLast() }
        return String(text)
    }
}
