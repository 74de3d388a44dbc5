import Domain
import Testing

@testable import Intake

@Suite("Contacts from tables")
struct ContactTableTests {
    /// Everything that a file gives.
    struct Whole {
        var fields: [Field] = []
        var contacts: [[String]] = []
        var rejects: [RejectedRow] = []
        var warnings: [Diagnostic] = []

        init(_ text: String, knownFields: [Field] = [], pieceSize: Int = 1 << 16) throws {
            let table = ContactTable(knownFields: knownFields)
            var batch = DecodedRows()
            let bytes = Array(text.utf8)
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
        }
    }

    @Test("rows become contacts with typed values, whatever pieces they come in", arguments: [1, 10, 1 << 16])
    func typed(pieceSize: Int) throws {
        let whole = try Whole(
            """
            First Name,E-Mail,Zip,Donated,Member,Born,Kids,Phone
            Ann,Ann.Lee@Campaign.EXAMPLE,00501,12.50,yes,2000-02-29, 2 ,+1 (515) 555-0100
            " José ",jose@münchen.example,50309,7,No,,,
            """,
            pieceSize: pieceSize
        )
        #expect(
            whole.fields == [
                Field(name: "first_name", type: .text), Field(name: "zip", type: .text),
                Field(name: "donated", type: .decimal),
                Field(name: "member", type: .boolean), Field(name: "born", type: .date),
                Field(name: "kids", type: .integer),
                Field(name: "phone", type: .text),
            ]
        )
        #expect(
            whole.contacts == [
                [
                    "2", "Ann.Lee@campaign.example", "ann.lee@campaign.example", "campaign.example", "Ann", "00501",
                    "12.50",
                    "true", "2000-02-29", "2", "+15155550100",
                ],
                [
                    "3", "jose@xn--mnchen-3ya.example", "jose@xn--mnchen-3ya.example", "xn--mnchen-3ya.example",
                    " José ",
                    "50309", "7", "false", "", "", "",
                ],
            ]
        )
        #expect(whole.rejects.isEmpty && whole.warnings.isEmpty)
    }

    @Test("a row is rejected only without a usable address or with broken quoting")
    func rejects() throws {
        let whole = try Whole(
            "email,age\nann@campaign.example,1\nbob.campaign.example,2\n,3\n\"x,4\ncy@campaign.example,5\n a@b@c.x ,6\n"
        )
        let addresses = ["ann@campaign.example", "cy@campaign.example"]
        #expect(
            whole.contacts == [
                ["2", addresses[0], addresses[0], "campaign.example", "1"],
                ["6", addresses[1], addresses[1], "campaign.example", "5"],
            ]
        )
        #expect(whole.rejects.map(\.line) == [3, 4, 5, 7])
        #expect(whole.rejects.allSatisfy { $0.column == 1 })
        let reasons = Dictionary(whole.rejects.map { ($0.line, $0.reason) }) { first, _ in first }
        #expect(reasons[3] == "not an e-mail address: there is no @ ('bob.campaign.example')")
        #expect(reasons[4] == "there is no address that can be used: email is empty")
        #expect(reasons[7]?.contains("' a@b@c.x '") == true)
        #expect(
            whole.rejects.first { $0.line == 3 }.map { String(decoding: $0.raw, as: UTF8.self) }
                == "bob.campaign.example,2"
        )
    }

    @Test("a misfit leaves its field empty, with a warning that says what is allowed")
    func misfits() throws {
        let whole = try Whole(
            "email,age,member,phone,name\na@b.example,x1,2,12,A\u{1}nn\u{7F}\n",
            knownFields: [Field(name: "age", type: .integer), Field(name: "member", type: .boolean)]
        )
        #expect(whole.contacts == [["2", "a@b.example", "a@b.example", "b.example", "", "", "", "Ann"]])
        #expect(whole.warnings.map(\.line) == [2, 2, 2, 2])
        #expect(whole.warnings.map(\.column) == [2, 3, 4, 5])
        #expect(
            whole.warnings.first?.message
                == "age: 'x1' does not fit and is left out; allowed is \(FieldValueParser.grammar(.integer))"
        )
    }

    @Test(
        "quoting does not make another person: the key is unquoted where it can be",
        arguments: [
            (#""qq"@b.example"#, "qq@b.example"), (#""Q\q.R"@B.Example"#, "qq.r@b.example"),
            (#""a\nn"@b.example"#, "ann@b.example"), (#""an\n"@b.example"#, "ann@b.example"),
            (#""a@b"@b.example"#, #""a@b"@b.example"#), (#""a\@B"@b.example"#, #""a@b"@b.example"#),
            (#""a\"b"@b.example"#, #""a\"b"@b.example"#), (#""a..b"@b.example"#, #""a..b"@b.example"#),
            (#""."@b.example"#, #""."@b.example"#), (#""a\\b"@b.example"#, #""a\\b"@b.example"#),
            ("Ann+x@B.example", "ann+x@b.example"),
        ]
    )
    func keys(address: String, key: String) throws {
        let parsed = try AddressParser.parse(address).get()
        #expect(parsed.key == key)
        #expect(parsed.text.hasPrefix(String(address.prefix { $0 != "@" })), "what is written to stays as it was given")
        #expect(EmailAddress.key(fromOlder: parsed.text.lowercased()) == key)
        #expect(EmailAddress.key(fromOlder: key) == key)
        let json = address.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let whole = try Whole("{\"email\": \"\(json)\"}\n")
        #expect(whole.contacts.map { $0[2] } == [key])
    }

    @Test("types of known fields stay, and are not told from the file")
    func knownTypes() throws {
        let whole = try Whole("email,zip\na@b.example,50309\n", knownFields: [Field(name: "zip", type: .text)])
        #expect(whole.fields == [Field(name: "zip", type: .text)])
    }

    @Test("a value under a column without a name is left out, and a contact may have nothing but a telephone")
    func phoneOnly() throws {
        let whole = try Whole("email,phone,\na@b.example,,x\n,515-555-0100,\n,12,\n")
        #expect(
            whole.contacts == [
                ["2", "a@b.example", "a@b.example", "b.example", ""], ["3", "", "tel:15155550100", "", "5155550100"],
            ]
        )
        #expect(whole.rejects.map(\.line) == [4])
        #expect(whole.rejects.map(\.column) == [1])
        #expect(whole.warnings.first?.message == "'x' stands in a column that has no name, and is left out")
    }

    @Test("types are settled after the first rows of a long file, and every row comes through once, in order")
    func long() throws {
        var text = "email,n\n"
        for index in 0..<25_000 { text += "p\(index)@b.example,\(index < 20_000 ? "\(index)" : "x")\n" }
        let whole = try Whole(text)
        #expect(whole.fields == [Field(name: "n", type: .integer)])
        #expect(whole.contacts.map { $0[0] } == (2...25_001).map(String.init))
        #expect(whole.warnings.count == 5_000)
        #expect(whole.contacts[19_999] == ["20001", "p19999@b.example", "p19999@b.example", "b.example", "19999"])
    }

    @Test("a file without an address column, or none at all, is refused")
    func refused() {
        #expect(throws: Diagnostics.self) { _ = try Whole("name,city\nAnn,Ames\n") }
        #expect(throws: Diagnostics.self) { _ = try Whole("") }
    }

    @Test("rejects are written as a table that a spreadsheet may open")
    func rejectFile() throws {
        var output = RejectWriter.header
        let raws: [[UInt8]] = [Array("a,\"b\"\nc".utf8), Array("=1+1,x".utf8), [0x41, 0xFF, 0x00, 0x42]]
        for (index, raw) in raws.enumerated() {
            RejectWriter.append(
                RejectedRow(line: index + 2, column: index, reason: "wrong, \"so\"", raw: raw),
                to: &output
            )
        }
        #expect(
            String(decoding: output, as: UTF8.self) == """
                line,column,reason,row\r
                2,,"wrong, ""so""\u{22},"a,""b""\nc"\r
                3,1,"wrong, ""so""\u{22},"'=1+1,x"\r
                4,2,"wrong, ""so""\u{22},"A\u{FFFD}\u{FFFD}B"\r

                """
        )
        let table = try WholeTable(output)
        #expect(table.rows.map { $0[3] } == ["a,\"b\"\nc", "'=1+1,x", "A\u{FFFD}\u{FFFD}B"])
    }
}
