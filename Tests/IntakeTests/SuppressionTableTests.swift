import Domain
import Testing

@testable import Intake

@Suite("Lists of addresses that must not be written to")
struct SuppressionTableTests {
    private func read(
        _ text: String,
        _ channel: SuppressionChannel = .email,
        pieceSize: Int = .max
    ) throws -> (keys: [String], rejects: [String], rows: Int, passed: [String]) {
        let table = SuppressionTable(channel)
        let bytes = Array(text.utf8)
        var (keys, rejects, rows): ([String], [String], Int) = ([], [], 0)
        func take() throws {
            while let batch = try table.read() {
                keys += batch.entries.map { "\($0.line) \($0.key)" }
                rejects += batch.rejects.map { "\($0.line)" }
                rows += batch.rows
            }
        }
        for start in stride(from: 0, to: bytes.count, by: min(pieceSize, max(1, bytes.count))) {
            bytes[start..<min(bytes.count, start + min(pieceSize, bytes.count))].withUnsafeBytes { table.push($0) }
            try take()
        }
        table.finish()
        try take()
        return (keys, rejects, rows, table.passedColumns)
    }

    private static let written: [(cell: String, keys: [String])] = [
        ("ann@example.org", ["ann@example.org"]),
        ("  Ann@Example.ORG ", ["Ann@example.org"]),
        ("Ann Lee <ann@example.org>", ["ann@example.org"]),
        ("<ann@example.org>", ["ann@example.org"]),
        ("mailto:ann@example.org", ["ann@example.org"]),
        ("MAILTO:ann@example.org?subject=stop", ["ann@example.org"]),
        ("ann@example.org.", ["ann@example.org"]),
        ("\u{A0}ann@example.org\u{200B}", ["ann@example.org"]),
        ("\u{FEFF}'ann@example.org'", ["ann@example.org"]),
        ("ann@example.org; bob@example.org", ["ann@example.org", "bob@example.org"]),
        ("ann@example.org bob@example.org", ["ann@example.org", "bob@example.org"]),
        ("Ann (ann@example.org), Bob [bob@example.org]", ["ann@example.org", "bob@example.org"]),
    ]

    @Test("every form in which people write an address down is read", arguments: written)
    func forms(cell: String, keys: [String]) throws {
        let expected = try keys.map { "2 \(try AddressParser.parse($0).get().key)" }
        let quoted = "\"\(cell.replacing("\"", with: "\"\""))\""
        let found = try self.read("name,email\nx,\(quoted)\n")
        #expect(found.keys == expected)
        #expect(found.rejects.isEmpty && found.rows == 1)
        // Without a header: the first row counts, too.
        let list = try self.read("zoe@example.org\n\(quoted)\n")
        #expect(list.keys == ["1 zoe@example.org"] + expected)
        #expect(list.rows == 2)
    }

    @Test("a list without a header is read whole, however it is cut", arguments: [1, 3, 1_000])
    func bare(pieceSize: Int) throws {
        let found = try self.read("ann@example.org\r\nbob@example.org\n\nno address\nzoe@", pieceSize: pieceSize)
        #expect(found.keys == ["1 ann@example.org", "2 bob@example.org"])
        #expect(found.rejects == ["4", "5"])
        #expect(found.rows == 4)
    }

    @Test("all columns of a person's addresses count, and nobody else's")
    func columns() throws {
        let text = """
            Name;E-mail;Secondary Email;Email 2 - Value;Referrer Email
            Ann;ann@example.org;ann2@example.org;ann3@example.org;bob@example.org
            """
        let found = try self.read(text)
        #expect(found.keys == ["2 ann@example.org", "2 ann2@example.org", "2 ann3@example.org"])
        #expect(found.passed == ["Referrer Email"])
    }

    @Test("what is read of a row counts although the rest of it is none, and the row is named")
    func partly() throws {
        let found = try self.read("email\n\"ann@example.org, bob@\"\n,\n\"x\n")
        #expect(found.keys == ["2 ann@example.org"])
        #expect(found.rejects == ["2", "3", "4"])
    }

    @Test("a broken row that names one address is read, one that names two is a reject")
    func broken() throws {
        let found = try self.read(
            "name,email\nann \"x\" lee,ann@example.org\nbob \"y\",bob@example.org,zoe@example.org\n"
        )
        #expect(found.keys == ["2 ann@example.org"])
        #expect(found.rejects == ["3"])
    }

    @Test("JSON lines and a column alone of any name")
    func others() throws {
        #expect(try self.read("{\"email\":\"ann@example.org\"}\n").keys == ["1 ann@example.org"])
        #expect(try self.read("Unsubscribed\nann@example.org\n").keys == ["2 ann@example.org"])
        #expect(throws: Diagnostic.self) { try self.read("name,town\nann@x,y\n") }
    }

    @Test("telephone numbers, in any spelling")
    func telephones() throws {
        let found = try self.read("name,Mobile Phone\nAnn,+1 (515) 555-0100; tel:+44 20 7946 0018\nBob,none\n", .sms)
        #expect(found.keys == ["2 15155550100", "2 442079460018"])
        #expect(found.rejects == ["3"])
        #expect(try self.read("+15155550100\n515 555 0101\n", .sms).keys == ["1 15155550100", "2 15155550101"])
    }
}
