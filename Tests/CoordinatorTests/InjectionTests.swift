import Domain
import Engine
import Storage
import StorageSQLite
import Testing

@testable import CoordinatorCore

/// Texts that would be SQL if anything took them for it: what scanners try, and what this schema invites.
enum HostileTexts {
    static let all: [String] = [
        "' OR '1'='1", "' OR 1=1--", "\" OR \"\"=\"", "') OR ('1'='1", "1 OR 1=1", "1; DROP TABLE contact",
        "x' OR 'x' LIKE '%",
        "'; DROP TABLE contact;--", "'; DELETE FROM suppression;--", "'; UPDATE campaign SET state='approved';--",
        "'); INSERT INTO list VALUES (99,'x');--", "'; ATTACH DATABASE '/tmp/x' AS y;--",
        "'; PRAGMA writable_schema=1;--",
        "'; VACUUM INTO '/tmp/x';--", "' UNION SELECT token FROM worker--", "' UNION SELECT content FROM campaign--",
        "' UNION SELECT sql FROM sqlite_schema--", "(SELECT email FROM contact LIMIT 1)",
        "x) UNION SELECT email FROM contact--",
        "c.email", "contact.email", "f_state FROM contact--", "email, phone", "email/**/OR/**/1=1", "email--",
        "email;--",
        "id", "c.id", "rowid", "source", "email_key", "domain", "created_at", "n_score", "f_city", "sqlite_version()",
        "load_extension('x')", "randomblob(1000000000)", "char(39)", "x'2720", "0x27", "?1", ":a", "@p", "$1", "%", "_",
        "\\'",
        "\\\"", "''", "'", "\"", "`", "[email]", "`email`", "\"email\"", "/*", "*/", "--", "#", ";", "\u{0}",
        "\u{0}' OR 1=1--",
        "\u{2019} OR 1=1--", "%27%20OR%201=1--", "&#39; OR 1=1", "\r\n' OR 1=1--", "' OR 1=1\u{0}--", "admin'--",
        "' AND 1=0--",
        "' || (SELECT group_concat(email) FROM contact) || '", "' LIKE '%' ESCAPE '", "CASE WHEN 1=1 THEN 1 END",
        "1=(SELECT count(*) FROM contact)", "' GLOB '*", "' REGEXP '.*", "state' COLLATE NOCASE--", "NULL", "TRUE",
        "1e309",
        "-1", "(((((((((((1)))))))))))", "list') OR list('everyone", "segment('x') or 1=1",
        "received('x') union select 1",
        "everyone', (SELECT 1))--", "a'b\"c`d", "../../etc/passwd", "tail-1'; --", String(repeating: "'", count: 200),
        String(repeating: "(", count: 60) + "'" + String(repeating: ")", count: 60),
    ]
}

@Suite("Texts that look like SQL")
struct InjectionTests {
    private func makeStore() async throws -> ImportLoopDouble {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(
            "email,city,score\na@x.org,Ames,1.5\nb@x.org,Boone,2\nc@y.org,,3\n",
            list: "everyone"
        )
        return loop
    }

    /// Everything there is, as one text.
    private func everything(_ loop: ImportLoopDouble) throws -> [String] {
        try loop.database.access { connection throws(StoreError) in
            var lines: [String] = []
            let schema = try connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name, sql")
            var tables: [String] = []
            while try schema.step() {
                lines.append("\(schema.text(0)): \(schema.text(1))")
                if schema.text(1).hasPrefix("CREATE TABLE") { tables.append(schema.text(0)) }
            }
            schema.reset()
            for table in tables {
                let rows = try connection.prepare("SELECT * FROM \(table)")
                let columns = try Self.columnCount(table, connection)
                while try rows.step() {
                    lines.append(table + (0..<columns).map { "|\(rows.value($0))" }.joined())
                }
                rows.reset()
            }
            return lines
        }
    }

    private static func columnCount(_ table: String, _ connection: any SQLConnection) throws(StoreError) -> Int {
        Int(try connection.firstInteger("SELECT count(*) FROM pragma_table_info('\(table)')") ?? 0)
    }

    @Test("as conditions, values, names and groupings they change nothing, and select nobody they do not name")
    func questions() async throws {
        let loop = try await self.makeStore()
        let before = try self.everything(loop)
        let reads = Reads(readers: try ReaderPool(path: loop.folder + "/ledger.db", count: 1), rollup: [:])
        let fields = Set(try await reads.names().fields.map(\.name))
        var answered = 0
        for text in HostileTexts.all {
            let quoted = text.replacing("'", with: "''")
            // As a value: whole, it is a text that nobody has.
            for form in ["city = '\(quoted)'", "city in ('\(quoted)', 'nowhere')", "email = '\(quoted)'"] {
                // Some have a line break or NUL, which no expression may have.
                guard let found = try? await reads.countSegment(form) else { continue }
                #expect(found.count == 0, "\(form)")
                answered += 1
            }
            // Broken out of its quotes, bare, and as each kind of name, it is refused, or a condition that selects by rule.
            for form in [
                "city = '\(text)'", "city = \"\(text)\"", "\(text) = 'x'", "city \(text) 'x'", "city = \(text)",
            ] {
                let found = try? await reads.countSegment(form)
                #expect(found?.count ?? 0 <= 3)
                if text.contains(";") || text.contains("--") || text.contains("UNION") {
                    #expect(found == nil || found?.count == 0, "\(form)")
                }
            }
            for function in ["list", "source", "segment", "received", "bounced"] {
                await #expect(throws: (any Error).self, "\(function) \(text)") {
                    _ = try await reads.countSegment("\(function)('\(quoted)')")
                }
            }
            if !fields.contains(text) {
                await #expect(throws: OperationError.self) { _ = try await reads.countSegment("", by: text) }
                await #expect(throws: OperationError.self) {
                    _ = try await reads.report(on: Campaign.ID(1), by: text, variants: [])
                }
            }
            #expect(try await reads.list(named: text) == nil)
        }
        #expect(answered > 2 * HostileTexts.all.count, "most of them are questions that can be asked")
        #expect(try self.everything(loop) == before)
        try await reads.readers.close()
    }

    @Test("a reader's connection writes nothing, whatever it is told")
    func readersOnly() async throws {
        let loop = try await self.makeStore()
        let readers = try ReaderPool(path: loop.folder + "/ledger.db", count: 1)
        for sql in [
            "DELETE FROM contact", "INSERT INTO list (name) VALUES ('x')", "DROP TABLE contact",
            "UPDATE contact SET email = ''",
            "CREATE TABLE x (a)",
        ] {
            await #expect(throws: StoreError.self, "\(sql)") {
                try await readers.read { connection throws(StoreError) in try connection.execute(sql) }
            }
        }
        try await readers.close()
        #expect(try loop.integer("SELECT count(*) FROM contact") == 3)
    }

    @Test("as headers, lists and values of an import they are names and texts, and nothing else")
    func imports() async throws {
        for (number, text) in HostileTexts.all.enumerated() where !text.contains("\u{0}") {
            let loop = try await self.makeStore()
            let cell = "\"\(text.replacing("\"", with: "\"\""))\""
            _ = try? await loop.importText("email,\(cell)\nnew\(number)@x.org,\(cell)\n", list: text)
            #expect(try loop.integer("SELECT count(*) FROM contact") >= 3)
            #expect(try loop.integer("SELECT count(*) FROM contact WHERE email = 'a@x.org'") == 1)
            #expect(try loop.integer("SELECT count(*) FROM suppression") == 0)
            #expect(try loop.integer("SELECT count(*) FROM campaign") == 0)
            #expect(try loop.integer("SELECT count(*) FROM list") <= 2)
            let odd = "SELECT count(*) FROM pragma_table_info('contact') WHERE name GLOB '*[^a-z0-9_]*'"
            #expect(try loop.integer(odd) == 0)
        }
    }

    @Test("as segments' names and conditions, and in campaign files, they are refused or only text")
    func campaigns() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        let contacts = try bench.integer("SELECT count(*) FROM contact")
        for text in HostileTexts.all {
            if !SegmentRecord.isName(text) {
                #expect(throws: OperationError.self) {
                    try bench.command { core in _ = try core.define(segment: text, as: "", by: "bob") }
                }
            }
            let quoted = text.replacing("'", with: "''")
            try? bench.command { core in _ = try core.define(segment: "mine", as: "name = '\(quoted)'", by: text) }
            let yaml = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").filter {
                !$0.isNewline && $0 != "\0"
            }
            guard !yaml.isEmpty else { continue }
            for audience in ["\"\(yaml)\"", "{list: \"\(yaml)\"}", "{segment: \"\(yaml)\"}"] {
                let source = LoopBench.campaign().replacing("{list: everyone}", with: audience)
                guard let id = try? bench.submit(source) else { continue }
                try? bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
                for _ in 0..<3 { try bench.turn() }
                #expect(try bench.status(id).audience == 0, "\(audience)")
            }
        }
        #expect(try bench.integer("SELECT count(*) FROM contact") == contacts)
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 0)
        #expect(try bench.integer("SELECT count(*) FROM list") == 1)
    }
}
