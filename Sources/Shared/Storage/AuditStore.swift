import Domain

/// The audit: who did what, in a chain that shows every change made to it afterwards.
///
/// Rows are numbered from 1 without gaps and are never changed. The newest row's number and hash stand in `meta`, too, so that rows
/// missing at the end are noticed.
package struct AuditStore {
    private let connection: any SQLConnection

    /// Key of the ``AuditHead`` in `meta`.
    private static let headKey = "audit_head"

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// Notes an act, inside the transaction that does it.
    package func append(_ entry: AuditEntry) throws(StoreError) {
        let previous = try self.previous()
        let row = previous.row + 1
        let hash = AuditChain.hash(
            after: previous.hash,
            row: row,
            at: entry.at.milliseconds,
            texts: [entry.who, entry.act, entry.subject, entry.digest, entry.origin].map { Array($0.utf8) }
        )
        let statement = try self.connection.prepare(
            """
            INSERT INTO audit (id, at, who, act, subject, digest, origin, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """
        )
        statement.bind(1, row)
        statement.bind(2, entry.at.milliseconds)
        statement.bind(3, entry.who)
        statement.bind(4, entry.act)
        statement.bind(5, entry.subject)
        statement.bind(6, entry.digest)
        statement.bind(7, entry.origin)
        statement.bind(8, bytes: hash)
        try statement.run()
        try self.setHead(AuditHead(row: row, hash: hash))
    }

    /// The newest row as it was noted when it was written; `nil` when nothing was, or when the note cannot be read.
    package func head() throws(StoreError) -> AuditHead? {
        try ClusterStore.meta(Self.headKey, on: self.connection).flatMap(AuditHead.init(text:))
    }

    /// Some rows with their numbers and hashes, in order.
    ///
    /// - Parameters:
    ///   - row: Rows above it.
    ///   - count: At most so many.
    /// - Returns: Empty at the end.
    /// - Throws: What the database says.
    package func entries(above row: Int64, count: Int) throws(StoreError) -> [(head: AuditHead, entry: AuditEntry)] {
        let statement = try self.rows(above: row, count: count)
        defer { statement.reset() }
        var entries: [(head: AuditHead, entry: AuditEntry)] = []
        while try statement.step() {
            let entry = AuditEntry(
                at: Timestamp(milliseconds: statement.integer(1)),
                who: statement.text(2),
                act: statement.text(3),
                subject: statement.text(4),
                digest: statement.text(5),
                origin: statement.text(6)
            )
            entries.append((AuditHead(row: statement.integer(0), hash: statement.bytes(7)), entry))
        }
        return entries
    }

    /// Makes a chain of rows that were written before there was one; once, by the migration.
    func seal() throws(StoreError) {
        var last = AuditHead(row: 0, hash: AuditChain.start)
        let update = try self.connection.prepare("UPDATE audit SET id = ?1, hash = ?2 WHERE id = ?3")
        while true {
            // Numbers fall or stay, so no row meets another's.
            let links = try self.links(above: last.row, count: AuditCheck.rowsPerStep)
            guard !links.isEmpty else { break }
            for link in links {
                let row = last.row + 1
                last = AuditHead(
                    row: row,
                    hash: AuditChain.hash(after: last.hash, row: row, at: link.at, texts: link.texts)
                )
                update.bind(1, row)
                update.bind(2, bytes: last.hash)
                update.bind(3, link.row)
                try update.run()
            }
        }
        if last.row > 0 { try self.setHead(last) }
    }

    /// What the chain is made of, and the hash that is stored.
    struct Link {
        let row: Int64
        let at: Int64
        let texts: [[UInt8]]
        let hash: [UInt8]
    }

    func links(above row: Int64, count: Int) throws(StoreError) -> [Link] {
        let statement = try self.rows(above: row, count: count)
        defer { statement.reset() }
        var links: [Link] = []
        while try statement.step() {
            let texts = (2...6).map { column in
                var bytes: [UInt8] = []
                statement.append(column, to: &bytes)
                return bytes
            }
            links.append(
                Link(row: statement.integer(0), at: statement.integer(1), texts: texts, hash: statement.bytes(7))
            )
        }
        return links
    }

    /// The highest row there is and the head as noted, of one moment.
    func ends() throws(StoreError) -> (row: Int64, note: String?) {
        let statement = try self.connection.prepare(
            "SELECT coalesce((SELECT max(id) FROM audit), 0), (SELECT value FROM meta WHERE key = ?1)"
        )
        defer { statement.reset() }
        statement.bind(1, Self.headKey)
        guard try statement.step() else { return (0, nil) }
        return (statement.integer(0), statement.optionalText(1))
    }

    /// What the next row follows on.
    ///
    /// The note decides, not the table: where rows are missing at its end the gap has to stay visible. When the note itself is gone,
    /// the next row follows on nothing, which shows for ever.
    private func previous() throws(StoreError) -> AuditHead {
        if let head = try self.head() { return head }
        return AuditHead(row: try self.ends().row, hash: AuditChain.start)
    }

    private func rows(above row: Int64, count: Int) throws(StoreError) -> any SQLStatement {
        let statement = try self.connection.prepare(
            "SELECT id, at, who, act, subject, digest, origin, hash FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2"
        )
        statement.bind(1, row)
        statement.bind(2, count)
        return statement
    }

    private func setHead(_ head: AuditHead) throws(StoreError) {
        try ClusterStore.setMeta(Self.headKey, head.text, on: self.connection)
    }
}

/// Verifies the audit, some rows at a time, while others may be added.
package struct AuditCheck: Sendable {
    /// Rows of one step: some milliseconds.
    package static let rowsPerStep = 10_000

    /// What is wrong, at the first row that does not fit.
    package struct Finding: Hashable, Sendable {
        package let row: Int64
        /// A sentence for people.
        package let text: String
    }

    /// The last row that fits; row 0 before the first.
    package private(set) var head = AuditHead(row: 0, hash: AuditChain.start)
    /// `nil` as long as everything fits.
    package private(set) var finding: Finding?
    private var cursor = Int64.min

    package init() {}

    /// Verifies the next rows.
    ///
    /// - Returns: Whether there is more to do.
    package mutating func step(on connection: any SQLConnection) throws(StoreError) -> Bool {
        let store = AuditStore(connection)
        let (highest, note) = try store.ends()
        for link in try store.links(above: self.cursor, count: Self.rowsPerStep) {
            // Written since the ends were read: the next step's.
            guard link.row <= highest else { return true }
            guard self.take(link) else { return false }
            self.cursor = link.row
        }
        guard self.head.row >= highest else { return true }
        self.end(note)
        return false
    }

    private mutating func take(_ link: AuditStore.Link) -> Bool {
        let expected = self.head.row + 1
        guard link.row == expected else {
            let text = link.row < expected ? "row \(link.row) does not belong here" : "row \(expected) is missing"
            self.finding = Finding(row: min(link.row, expected), text: text)
            return false
        }
        let hash = AuditChain.hash(after: self.head.hash, row: link.row, at: link.at, texts: link.texts)
        guard hash == link.hash else {
            let text = "row \(link.row) is not as it was written, or does not follow on the row before it"
            self.finding = Finding(row: link.row, text: text)
            return false
        }
        self.head = AuditHead(row: link.row, hash: hash)
        return true
    }

    /// Compares the last row with the note of it.
    private mutating func end(_ note: String?) {
        guard let note else {
            if self.head.row > 0 {
                self.finding = Finding(row: self.head.row, text: "the note of the last row is missing")
            }
            return
        }
        guard let noted = AuditHead(text: note) else {
            self.finding = Finding(row: self.head.row, text: "the note of the last row cannot be read")
            return
        }
        let next = self.head.row + 1
        if noted.row > self.head.row {
            let text = noted.row == next ? "row \(next) is missing" : "rows \(next) to \(noted.row) are missing"
            self.finding = Finding(row: next, text: "\(text) at the end")
        } else if noted != self.head {
            self.finding = Finding(row: self.head.row, text: "the note of the last row (\(noted.row)) does not fit it")
        }
    }
}
