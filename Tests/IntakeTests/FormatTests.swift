import Domain
import Testing

@testable import Intake

@Suite("Forms of contact files")
struct FormatTests {
    private func whole(_ bytes: [UInt8], map: ColumnMap = ColumnMap(), pieceSize: Int = 1 << 16) throws -> WholeContacts
    {
        try WholeContacts(bytes, map: map, pieceSize: pieceSize)
    }

    @Test("Windows-1252 with a header in ASCII is told by its rows, in pieces of any size", arguments: [1, 5, 1 << 16])
    func western(pieceSize: Int) throws {
        let bytes = Array("email,name\na@b.example,Jos".utf8) + [0xE9] + Array("\nc@d.example,".utf8) + [0x80, 0x0A]
        let whole = try self.whole(bytes, pieceSize: pieceSize)
        #expect(whole.contacts.map(\.last) == ["José", "€"])
        #expect(whole.rejects.isEmpty)
    }

    @Test("in a file of UTF-8 a row of another encoding is rejected with its line, and the others come in")
    func mixed() throws {
        var bytes = Array("email,name\n".utf8)
        for index in 0..<40 { bytes += Array("p\(index)@b.example,Zoë\n".utf8) }
        bytes += Array("x@b.example,Jos".utf8) + [0xE9, 0x0A] + Array("y@b.example,Zoë\n".utf8)
        let whole = try self.whole(bytes)
        #expect(whole.contacts.count == 41)
        #expect(whole.rejects.map(\.line) == [42])
        #expect(whole.rejects.map(\.column) == [2])
    }

    @Test("UTF-16 is told without a mark, too", arguments: [true, false])
    func utf16(isLittle: Bool) throws {
        let units = Array("email,name\na@b.example,Zoë\n".utf16)
        let bytes = units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let ordered = isLittle ? bytes : stride(from: 0, to: bytes.count, by: 2).flatMap { [bytes[$0 + 1], bytes[$0]] }
        #expect(try self.whole(ordered).contacts.map(\.last) == ["Zoë"])
    }

    @Test("NDJSON is read like a table, in pieces of any size", arguments: [1, 7, 1 << 16])
    func ndjson(pieceSize: Int) throws {
        let text = """
            {"email":"ann@b.example","name":{"first":"Ann","last":"Lee"},"tags":["a","b"],"visits":3}

            {"email":"bob@b.example","visits":4,"note":"z\\u00eb \\"q\\" \\ud83d\\ude00"}\r
            {"email":"cut@b.example"
            ["no object"]
            {"email":null,"visits":1}
            {"visits":7,"email":"dora@b.example"}
            """
        let whole = try self.whole(Array(text.utf8), pieceSize: pieceSize)
        #expect(whole.fields.map(\.name) == ["name_first", "name_last", "tags", "visits", "note"])
        #expect(whole.fields.map(\.type) == [.text, .text, .text, .integer, .text])
        #expect(
            whole.contacts == [
                ["1", "ann@b.example", "ann@b.example", "b.example", "Ann", "Lee", "a, b", "3", ""],
                ["3", "bob@b.example", "bob@b.example", "b.example", "", "", "", "4", "zë \"q\" 😀"],
                ["7", "dora@b.example", "dora@b.example", "b.example", "", "", "", "7", ""],
            ]
        )
        #expect(whole.rejects.map(\.line) == [4, 5, 6])
    }

    @Test(
        "lines that are no JSON are rejected with a reason",
        arguments: [
            ("{}x", "behind the object"), ("{\"a\":}", "no JSON value"), ("{\"a\":tru}", "no JSON value"),
            ("{\"a\":\"x}", "not closed"), ("{\"a\":\"\\x\"}", "no such escape"),
            ("{\"a\":\"\\ud800\"}", "half of a character"),
            ("{\"a\":\"\\u0000\"}", "no character"), ("{\"a\" 1}", "':' is missing"),
            ("{\"a\":[[1]]}", "inside an array"),
            ("{\"a\":\"\u{1}\"}", "control character"), ("{\"a\":-}", "no JSON value"),
            ("{\"a\":[1,]}", "no JSON value"),
            (String(repeating: "{\"a\":", count: 9) + "1" + String(repeating: "}", count: 9), "deeper than 8"),
        ]
    )
    func badJSON(line: String, reason: String) throws {
        let text = "{\"email\":\"ann@b.example\"}\n\(line)\n"
        let whole = try self.whole(Array(text.utf8))
        #expect(whole.contacts.count == 1)
        #expect(whole.rejects.map(\.line) == [2])
        #expect(whole.rejects.first?.reason.contains(reason) == true, "\(whole.rejects)")
    }

    @Test("columns of one name are numbered, but not those by which people are known")
    func repeated() throws {
        let whole = try self.whole(Array("email,note,note,Note\na@b.example,1,2,3\n".utf8))
        #expect(whole.fields.map(\.name) == ["note", "note_2", "note_3"])
        #expect(throws: Diagnostics.self) { try self.whole(Array("email,email\na@b.example,c@d.example\n".utf8)) }
    }

    @Test("a header that comes again is no contact, and says so")
    func headerAgain() throws {
        let whole = try self.whole(Array("E-Mail,name\na@b.example,1\nE-Mail,name\nc@d.example,2\n".utf8))
        #expect(whole.contacts.count == 2)
        #expect(whole.rejects.map(\.line) == [3])
        #expect(whole.rejects.first?.reason.hasPrefix("this is the header once more") == true)
    }

    @Test("a map names columns, leaves some out, and says how the file is written")
    func map() throws {
        var map = ColumnMap(
            form: TableForm(delimiter: UInt8(ascii: "|"), columns: ["id", "mail", "zip", "x"], hasHeader: false),
            names: ["id": "external_id"],
            leftOut: ["x"],
            types: ["zip": .text],
            idSystem: "county"
        )
        let whole = try self.whole(Array("7|a@b.example|50309|secret\n8||50310|y\n".utf8), map: map)
        #expect(whole.fields == [Field(name: "external_id", type: .text), Field(name: "zip", type: .text)])
        #expect(whole.contacts == [["1", "a@b.example", "a@b.example", "b.example", "7", "50309"]])
        #expect(whole.rejects.map(\.line) == [2])
        map.keepsWithoutAddress = true
        let kept = try self.whole(Array("7|a@b.example|50309|secret\n8||50310|y\n".utf8), map: map)
        #expect(kept.contacts.last == ["2", "", "id:county:8", "", "8", "50310"])
        map.leftOut = ["y"]
        #expect(throws: Diagnostics.self) { try self.whole(Array("7|a@b.example|50309|secret\n".utf8), map: map) }
    }

    @Test("with quotes: none quotes are text, wherever they stand")
    func withoutQuotes() throws {
        let map = ColumnMap(form: TableForm(hasQuotes: false))
        let whole = try self.whole(Array("email,name\na@b.example,\"BOB\" LEE\nc@b.example,\"5\n".utf8), map: map)
        #expect(whole.contacts.map { $0[4] } == ["\"BOB\" LEE", "\"5"])
        #expect(whole.rejects.isEmpty)
    }

    @Test("a JSON array is named for what it is", arguments: ["[{\"email\":\"a@b.c\"}]", "[\n  {\"email\": 1}\n]\n"])
    func array(text: String) throws {
        let problem = #expect(throws: Diagnostics.self) { try self.whole(Array(text.utf8)) }
        #expect(problem?.diagnostics.first?.message.hasPrefix("this is a JSON array") == true)
    }

    @Test(
        "telephone numbers of other countries are known however they are dialled, and have one form",
        arguments: [
            ("0044 20 7946 0018", "+442079460018"), ("+44 (0)20 7946 0018", "+442079460018"),
            ("011 44 20 7946 0018", "+442079460018"), ("00 44 (0)20 7946 0018", "+442079460018"),
            ("011 44 (0) 20 7946 0018", "+442079460018"), ("+39 (0)6 1234 5678", "+390612345678"),
            ("01144207", "01144207"), ("000123456789", "000123456789"), ("020 7946 0018", "02079460018"),
            ("+1 (515) 555-0100", "+15155550100"), ("00", nil), ("00441234567890123", "+441234567890123"),
        ] as [(String, String?)]
    )
    func telephones(text: String, number: String?) {
        #expect(PhoneNumber.normalised(text).map { String(decoding: $0, as: UTF8.self) } == number)
    }

    @Test("an archive inside an archive is not read")
    func nested() throws {
        #expect(throws: Diagnostics.self) { try self.whole([0x1F, 0x8B, 8, 0, 0, 0]) }
        #expect(throws: Diagnostics.self) { try self.whole([0x28, 0xB5, 0x2F, 0xFD, 0, 0]) }
    }
}

/// Everything that a file of contacts gives.
struct WholeContacts {
    var fields: [Field] = []
    /// Line, address, key, domain, then the fields' values.
    var contacts: [[String]] = []
    var rejects: [RejectedRow] = []
    var warnings: [Diagnostic] = []
    var mapping: HeaderMapping?

    /// What is said of columns.
    var columnWarnings: [Diagnostic] = []

    init(
        _ bytes: [UInt8],
        knownFields: [Field] = [],
        map: ColumnMap = ColumnMap(),
        pieceSize: Int = 1 << 16
    ) throws {
        let table = ContactTable(knownFields: knownFields, map: map)
        var batch = DecodedRows()
        var start = 0
        repeat {
            let end = min(bytes.count, start + pieceSize)
            table.push(Array(bytes[start..<end]))
            start = end
            if start == bytes.count { table.finish() }
            while try table.read(into: &batch) {
                for row in 0..<batch.count {
                    var cells = ["\(batch.lines[row])"]
                    batch.forEachStoredCell(row: row) { cells.append(String(decoding: $0, as: UTF8.self)) }
                    self.contacts.append(cells)
                }
                self.rejects += batch.rejects
                self.warnings += batch.warnings
            }
        } while start < bytes.count
        self.fields = table.fields
        self.mapping = table.mapping
        self.columnWarnings = table.warnings
    }

    /// The values of one contact by field name.
    func values(_ contact: Int) -> [String: String] {
        Dictionary(zip(self.fields.map(\.name), self.contacts[contact].dropFirst(4))) { first, _ in first }
    }
}
