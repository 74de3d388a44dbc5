import Domain
import Foundation
import Storage
import Testing

@testable import StorageSQLite

@Suite("What deleted rows leave in the file")
struct RemainsTests {
    /// Contacts with random addresses, changed and deleted in random order, so that pages were split, joined and freed.
    private final class World {
        let folder: TemporaryFolder
        let database: SQLiteDatabase
        var random: SystemRandomNumberGenerator
        var addresses: [Int: String] = [:]

        init() throws {
            self.folder = try TemporaryFolder()
            self.database = try SQLiteDatabase(
                path: self.folder.path + "/ledger.db",
                profile: .ledger,
                applicationID: Schema.ledgerID
            )
            self.random = SystemRandomNumberGenerator()
            try self.database.access { connection throws(StoreError) in try Schema.migrate(connection) }
        }

        func name() -> String {
            let letters = "abcdefghijklmnopqrstuvwxyz0123456789"
            return String((0..<Int.random(in: 8...30, using: &self.random)).compactMap { _ in letters.randomElement() })
        }

        func add(_ ids: Range<Int>) throws {
            let rows = ids.map { ($0, "\(self.name())@x\($0 % 7).example") }
            for (id, address) in rows { self.addresses[id] = address }
            try self.write(
                "INSERT INTO contact (id, email, email_key, domain, created_at, updated_at) VALUES (?1, ?2, ?2, 'x', 0, 0)",
                rows
            )
        }

        func change(_ ids: some Sequence<Int>) throws -> [String] {
            let rows = ids.map { ($0, "\(self.name())@y.example") }
            let old = rows.compactMap { self.addresses.updateValue($0.1, forKey: $0.0) }
            try self.write("UPDATE contact SET email = ?2, email_key = ?2 WHERE id = ?1", rows)
            return old
        }

        func delete(_ ids: some Sequence<Int>) throws -> [String] {
            let rows = ids.map { ($0, "") }
            try self.write("DELETE FROM contact WHERE id = ?1 AND ?2 = ''", rows)
            return rows.compactMap { self.addresses.removeValue(forKey: $0.0) }
        }

        private func write(_ sql: String, _ rows: [(Int, String)]) throws {
            try self.database.access { connection throws(StoreError) in
                try connection.transaction { () throws(StoreError) in
                    let statement = try connection.prepare(sql)
                    for (id, text) in rows {
                        statement.bind(1, id)
                        statement.bind(2, text)
                        try statement.run()
                    }
                }
            }
        }

        func setOverwriting(_ isOn: Bool) throws {
            try self.database.access { connection throws(StoreError) in
                try connection.execute("PRAGMA secure_delete=\(isOn ? "ON" : "OFF")")
            }
        }

        /// Whether any of some texts is in a file of the folder.
        func found(_ texts: [String]) throws -> Bool {
            let search = TextSearch(texts)
            return try FileManager.default.contentsOfDirectory(atPath: self.folder.path).contains { name in
                let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(self.folder.path)/\(name)"))
                return bytes.withUnsafeBytes { search.occurs(in: $0) }
            }
        }

        func sweep(_ texts: TextSearch?) throws -> Remains {
            var (cursor, remains) = (RemainsCursor(), Remains())
            while try self.database.findRemains(of: texts, from: &cursor, into: &remains) {}
            return remains
        }

        func check() throws {
            let answer = try self.database.access { connection throws(StoreError) in
                let row = try connection.prepare("PRAGMA integrity_check")
                defer { row.reset() }
                return try row.step() ? row.text(0) : ""
            }
            #expect(answer == "ok")
            let known = try self.database.access { connection throws(StoreError) in
                let row = try connection.prepare("SELECT id, email, email_key FROM contact")
                defer { row.reset() }
                var known: [Int: String] = [:]
                while try row.step() { known[Int(row.integer(0))] = row.text(1) == row.text(2) ? row.text(1) : "" }
                return known
            }
            #expect(known == self.addresses)
        }
    }

    @Test("of 2,000 people deleted among 20,000, none is in any file once their remains are cleared")
    func nothingRemains() throws {
        let world = try World()
        for start in stride(from: 1, through: 20_000, by: 1_000) { try world.add(start..<start + 1_000) }
        // As in a database that was made without overwriting; with it a few in ten thousand stay all the same.
        try world.setOverwriting(false)
        var gone = try world.change((1...20_000).shuffled().prefix(2_000))
        gone += try world.delete((1...20_000).shuffled().prefix(2_000))
        try world.setOverwriting(true)
        try #require(try world.database.emptyLog())
        // The room between cells has old copies although they were deleted: what this is for.
        #expect(try world.found(gone))
        let search = TextSearch(gone)
        let remains = try world.sweep(search)
        #expect(remains.pagesInUse == 0)
        #expect(try world.database.clearRemains(in: remains.pages))
        #expect(try world.sweep(search) == Remains())
        #expect(try world.found(gone) == false)
        try world.check()
        // What SQLite has in memory does not bring them back.
        try world.add(30_000..<34_000)
        _ = try world.delete((1...20_000).shuffled().prefix(3_000))
        try #require(try world.database.emptyLog())
        #expect(try world.found(gone) == false)
        try world.check()
    }

    @Test("everything that is not in use can be cleared, and the database is as it was")
    func everything() throws {
        let world = try World()
        var gone: [String] = []
        for round in 0..<6 {
            try world.add(round * 1_000 + 1..<round * 1_000 + 1_001)
            gone += try world.change(world.addresses.keys.shuffled().prefix(300))
            gone += try world.delete(world.addresses.keys.shuffled().prefix(700))
            try #require(try world.database.emptyLog())
            let remains = try world.sweep(nil)
            #expect(try world.database.clearRemains(in: remains.pages))
            #expect(try world.sweep(nil) == Remains())
            #expect(try world.found(gone) == false)
            try world.check()
        }
    }

    @Test("while somebody reads, nothing is cleared and nobody waits")
    func readers() throws {
        let world = try World()
        try world.add(1..<500)
        let reader = try SQLiteDatabase(
            path: world.folder.path + "/ledger.db",
            profile: .reader,
            applicationID: Schema.ledgerID
        )
        try reader.access { connection throws(StoreError) in
            let row = try connection.prepare("SELECT id FROM contact")
            _ = try row.step()
        }
        _ = try world.delete([7])
        #expect(try world.database.emptyLog() == false)
        #expect(try world.database.clearRemains(in: [2]) == false)
        try reader.access { connection throws(StoreError) in try connection.prepare("SELECT id FROM contact").reset() }
        #expect(try world.database.emptyLog())
        try reader.close()
    }

    @Test(
        "a page that is not understood is left alone",
        arguments: [
            [UInt8](repeating: 0, count: 512), [UInt8](repeating: 0xFF, count: 512),
            [13] + [UInt8](repeating: 0xFF, count: 511), [2, 0, 0, 0, 1, 2, 0, 0] + [UInt8](repeating: 9, count: 504),
        ]
    )
    func foreign(page: [UInt8]) {
        #expect(PageContent(usableBytes: 512).ofTree(page, offset: 0) == nil)
    }

    @Test(
        "texts are found whatever their case, and nothing else is",
        arguments: [
            ("ann@example.org", "xx Ann@Example.ORG yy", true), ("ann@example.org", "ann`example.org", false),
            ("ann@example.org", "ann@example.or", false), ("5155550100", "tel:+15155550100,", true),
            ("short", "a short text", false), ("straße@x.example", "STRAßE@X.example", true),
        ]
    )
    func search(text: String, bytes: String, isFound: Bool) {
        #expect(TextSearch(["nobody@example.net", text]).occurs(in: bytes.utf8) == isFound)
    }
}
