import Domain
import Testing

@testable import Intake

/// A whole table, read in pieces of one size.
struct WholeTable: Equatable {
    var header: [String] = []
    var rows: [[String]] = []
    var lines: [Int] = []
    var rejects: [RejectedRow] = []
    var warnings: [Diagnostic] = []

    init(_ bytes: [UInt8], pieceSize: Int = 1 << 16) throws {
        let reader = TableReader()
        var batch = TableBatch()
        var start = 0
        repeat {
            let end = min(bytes.count, start + pieceSize)
            reader.push(Array(bytes[start..<end]))
            start = end
            if start == bytes.count { reader.finish() }
            while try reader.read(into: &batch) { self.take(batch) }
        } while start < bytes.count
        self.header = reader.header
    }

    init(_ text: String, pieceSize: Int = 1 << 16) throws {
        try self.init(Array(text.utf8), pieceSize: pieceSize)
    }

    private mutating func take(_ batch: TableBatch) {
        for row in 0..<batch.count {
            self.rows.append((0..<batch.columnCount).map { batch.text(row: row, column: $0) })
        }
        self.lines += batch.lines
        self.rejects += batch.rejects
        self.warnings += batch.warnings
    }
}

@Suite("Tables")
struct TableReaderTests {
    @Test(
        "separators and line ends are found",
        arguments: [",", ";", "\t", "|"],
        ["\n", "\r\n", "\r"]
    )
    func dialects(delimiter: String, lineEnd: String) throws {
        let text = ["email,name", "a@b.example,\"x,y\"", "", "c@d.example,z"].joined(separator: lineEnd)
            .replacing(",", with: delimiter)
        for pieceSize in [1, 2, 3, 1_000] {
            for table in [
                try WholeTable(text, pieceSize: pieceSize), try WholeTable(text + lineEnd, pieceSize: pieceSize),
            ] {
                #expect(table.header == ["email", "name"])
                #expect(table.rows == [["a@b.example", "x\(delimiter)y"], ["c@d.example", "z"]])
                #expect(table.lines == [2, 4])
                #expect(table.rejects.isEmpty && table.warnings.isEmpty)
            }
        }
    }

    @Test("a row with broken quoting is rejected with its place, and the next row is read", arguments: [1, 7, 1_000])
    func brokenQuoting(pieceSize: Int) throws {
        let table = try WholeTable(
            "a,b,c\n1,2,3\n4,5\"x,6\n7,8,9\n10,\"11\"x,12\n13,14,15\n16,\"17,18\n19,20,21\n",
            pieceSize: pieceSize
        )
        #expect(table.rows == [["1", "2", "3"], ["7", "8", "9"], ["13", "14", "15"], ["19", "20", "21"]])
        #expect(table.lines == [2, 4, 6, 8])
        #expect(table.rejects.map(\.line) == [3, 5, 7])
        #expect(table.rejects.map(\.column) == [2, 2, 2])
        #expect(
            table.rejects.map { String(decoding: $0.raw, as: UTF8.self) } == [
                "4,5\"x,6", "10,\"11\"x,12", "16,\"17,18",
            ]
        )
        #expect(table.rejects[0].reason.hasPrefix("a quote stands inside a cell"))
        #expect(table.rejects[1].reason.hasPrefix("there is text behind a closing quote"))
        #expect(table.rejects[2].reason.hasPrefix("a quote is opened here and never closed"))
    }

    @Test(
        "what is not quite RFC 4180 is read all the same",
        arguments: [
            ("a,b\n\"f\" ,\t\"g\"\n", [["f", "g"]]), ("a,b\nx, \"g, \"\"h\"\"\" \r\n", [["x", "g, \"h\""]]),
            (
                "a\tb\nROBERT \"BOB\" LEE\t5\" nails\n\"q\tr\"\tz\n",
                [["ROBERT \"BOB\" LEE", "5\" nails"], ["q\tr", "z"]]
            ),
            ("a|b\n5\" nails|\"x|y\"\n|\"\n", [["5\" nails", "x|y"]]), ("sep=;\na;b\n1,2;3\n", [["1,2", "3"]]),
            ("SEP=,\r\na,b\r\n1;1,2\r\n", [["1;1", "2"]]), ("a,b\n\"x\"y\"z\",1\n2,3\n", [["2", "3"]]),
            ("a\tb\n x\"\ty \n", [[" x\"", "y "]]),
        ] as [(String, [[String]])],
        [1, 3, 1_000]
    )
    func loose(table: (text: String, rows: [[String]]), pieceSize: Int) throws {
        let whole = try WholeTable(table.text, pieceSize: pieceSize)
        #expect(whole.header == ["a", "b"])
        #expect(whole.rows == table.rows)
    }

    @Test("a line that is read less strictly stands where it stands, between those that are not")
    func looseLines() throws {
        let whole = try WholeTable("a,b\n1,\"x\ny\"\n\"2\" ,3\n4,5\"6\n7,8\n")
        #expect(whole.rows == [["1", "x\ny"], ["2", "3"], ["7", "8"]])
        #expect(whole.lines == [2, 4, 6])
        #expect(whole.rejects.map(\.line) == [5])
    }

    @Test(
        "an unclosed quote takes only its own line, however many good rows stand behind it",
        arguments: [1_000, 1 << 16]
    )
    func unclosedQuote(pieceSize: Int) throws {
        // Longer than a record may be, so that the search for the closing quote ends before the file does.
        let count = 200_000
        var text = "email,name\n\"open@b.example,x\n"
        for index in 0..<count { text += "p\(index)@b.example,n\n" }
        let table = try WholeTable(text, pieceSize: pieceSize)
        #expect(table.rows.count == count)
        #expect(table.rows.first == ["p0@b.example", "n"])
        #expect(table.lines.first == 3 && table.lines.last == count + 2)
        #expect(table.rejects.map(\.line) == [2])
        #expect(table.rejects.map(\.column) == [1])
    }

    @Test("a record over several lines keeps its line breaks and its first line's number", arguments: [1, 5, 1_000])
    func multiLine(pieceSize: Int) throws {
        let table = try WholeTable("a,b\n1,\"x\r\ny\"\"\n\nz\"\n2,w\n", pieceSize: pieceSize)
        #expect(table.rows == [["1", "x\r\ny\"\n\nz"], ["2", "w"]])
        #expect(table.lines == [2, 6])
    }

    @Test("a short row is completed with a warning, a long one rejected unless what is too much is empty")
    func ragged() throws {
        let table = try WholeTable("a,b,c\n1\n1,2,3,, \n1,2,3,4\n1,2,3, ,5\n6,7,8\n")
        #expect(table.rows == [["1", "", ""], ["1", "2", "3"], ["6", "7", "8"]])
        #expect(table.warnings.map(\.line) == [2])
        #expect(
            table.warnings.first?.message == "the row has 1 cells, the header 3; what is missing is taken as empty"
        )
        #expect(table.rejects.map(\.line) == [4, 5])
        #expect(table.rejects.map(\.column) == [4, 5])
        #expect(try WholeTable("a,b\n1,2, ,\t\n3,4\n").rows == [["1", "2"], ["3", "4"]])
    }

    @Test("blanks belong to their cell, and lines of blanks are no rows")
    func blanks() throws {
        let table = try WholeTable("a,b\n x , y \n   \n\t\n\"\",\n")
        #expect(table.rows == [[" x ", " y "], ["", ""]])
        #expect(table.lines == [2, 5])
    }

    @Test("rows with NUL or with bytes that are no text are rejected by cell")
    func badBytes() throws {
        var bytes = Array("a,b\nx,".utf8) + [0xC3, 0x28] + Array("\ny,z\n".utf8)
        bytes += Array("u,v".utf8) + [0] + Array("\n\u{E9},ok\n".utf8)
        let table = try WholeTable(bytes)
        #expect(table.rows == [["y", "z"], ["é", "ok"]])
        #expect(table.rejects.map(\.line) == [2, 4])
        #expect(table.rejects.map(\.column) == [2, 2])
    }

    @Test("UTF-8 with a mark, UTF-16 of either order and Windows-1252 are read", arguments: [1, 2, 3, 1_000])
    func encodings(pieceSize: Int) throws {
        let text = "prénom,b\nJosé,😀\n"
        let units = Array(text.utf16)
        let little: [UInt8] = [0xFF, 0xFE] + units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let big: [UInt8] = [0xFE, 0xFF] + units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        for bytes in [[0xEF, 0xBB, 0xBF] + Array(text.utf8), little, big] {
            let table = try WholeTable(bytes, pieceSize: pieceSize)
            #expect(table.header == ["prénom", "b"])
            #expect(table.rows == [["José", "😀"]])
        }
        let western: [UInt8] =
            Array("pr".utf8) + [0xE9] + Array("nom,b\nJos".utf8) + [0xE9] + Array(",".utf8) + [0x80, 0x0A]
        let table = try WholeTable(western, pieceSize: pieceSize)
        #expect(table.header == ["prénom", "b"])
        #expect(table.rows == [["José", "€"]])
    }

    @Test("half a character at the end of UTF-16 is a reject, not a silent loss")
    func cutUTF16() throws {
        let units = Array("a,b\nx,y".utf16) + [0xD83D]
        let table = try WholeTable([0xFF, 0xFE] + units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
        #expect(table.rows.isEmpty)
        #expect(table.rejects.map(\.line) == [2])
    }

    @Test("a cell and a record that are too long are rejected alone")
    func tooLong() throws {
        let cell = String(repeating: "x", count: TableReader.cellBytesMax + 1)
        let record = String(repeating: "y", count: 3 * TableReader.recordBytesMax)
        let table = try WholeTable("a,b\n1,\(cell)\n2,3\n\(record)\n4,5\n6,\"\(cell)\"\n7,8\n")
        #expect(table.rows == [["2", "3"], ["4", "5"], ["7", "8"]])
        #expect(table.lines == [3, 5, 7])
        #expect(table.rejects.map(\.line) == [2, 4, 6])
        #expect(table.rejects.map(\.column) == [2, 0, 2])
        #expect(table.rejects.allSatisfy { $0.raw.count <= RejectedRow.rawBytesMax })
    }

    @Test("a line without an end is cut, whatever its length, and memory stays bounded")
    func endlessLine() throws {
        let reader = TableReader()
        var batch = TableBatch()
        var rejects: [RejectedRow] = []
        reader.push(Array("a,b\n".utf8))
        let piece = [UInt8](repeating: 0x78, count: 1 << 20)
        for _ in 0..<64 {
            reader.push(piece)
            while try reader.read(into: &batch) { rejects += batch.rejects }
            #expect(reader.window.count <= TableReader.recordBytesMax + piece.count)
        }
        reader.push(Array("\n1,2\n".utf8))
        reader.finish()
        #expect(try reader.read(into: &batch))
        #expect(rejects.map(\.line) == [2])
        #expect(batch.text(row: 0, column: 1) == "2")
        #expect(batch.lines == [3])
    }

    @Test(
        "what is no table is refused with advice",
        arguments: [
            ("", "the file is empty"), ("\n\n \n", "the file is empty"), ("PK\u{3}\u{4}xxxx", "Excel workbook"),
            ("%PDF-1.7\n", "PDF"), ("a\u{0}b\n", "NUL bytes"), ("a,\"b\nc,d\n", "the header cannot be read"),
            (String(repeating: "a,", count: 2_000), "2001 columns; at most 2000"),
            (String(repeating: "a", count: TableReader.recordBytesMax + 1), "the header is longer than"),
        ]
    )
    func noTable(text: String, message: String) {
        #expect {
            _ = try WholeTable(text)
        } throws: { error in
            (error as? Diagnostic)?.message.contains(message) == true
        }
    }

    @Test("the result does not depend on the pieces that a file comes in")
    func pieces() throws {
        var bytes: [UInt8] = Array("a,b,c\n".utf8)
        var state: UInt64 = 42
        let alphabet = Array("ab,\"\n\r x;é".utf8) + [0xFF]
        for _ in 0..<6_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes.append(alphabet[Int(state >> 33) % alphabet.count])
        }
        let whole = try WholeTable(bytes)
        #expect(!whole.rows.isEmpty && !whole.rejects.isEmpty)
        for pieceSize in [1, 2, 3, 17, 1_000] { #expect(try WholeTable(bytes, pieceSize: pieceSize) == whole) }
    }
}
