import Domain
import NIOCore
import Storage
import Testing

@testable import CoordinatorCore

@Suite("Imports")
struct ImportTests {
    private static let people = """
        Email,First Name,Visits,Is Member
        ann@x.org,Ann,3,yes
        bob@y.org,Bob,,no
        not an address,Carl,1,no
        ANN@X.ORG,Anna,4,yes
        dora@z.org,"Dora, MD",many,1

        """

    @Test("warnings are told with line and column, three of a column at most, and counted by column; dry or not")
    func warnings() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email,sku8,born\na@x.org,7,1980-01-31\n")
        let rows = (1...5).map { "a\($0)@x.org,7A,\($0 == 5 ? "1980" : ""),x\n" }.joined()
        let text = Array("email,sku8,born,\n\(rows)".utf8)
        let request = ImportRequest(file: "b.csv", source: "b", onConflict: .merge)
        let trial = try await loop.rehearse(text, request)
        let done = try await loop.importBytes(text, request)
        #expect(done.warnings == 12 && done.warnings == done.warnedColumns.reduce(0) { $0 + $1.warnings })
        #expect(done.warnedColumns.map { "\($0.column ?? "-") \($0.warnings)" } == ["sku8 5", "born 1", " 6"])
        #expect(
            done.firstWarnings.map { "\($0.line):\($0.column)" } == ["1:4", "2:2", "2:4", "3:2", "3:4", "4:2", "6:3"]
        )
        #expect(done.firstWarnings.contains { $0.reason.hasPrefix("sku8: '7A' does not fit and is left out") })
        #expect(trial.firstWarnings == done.firstWarnings && trial.warnedColumns == done.warnedColumns)
    }

    @Test("an answer counts each row once, and says which field a column became")
    func answer() async throws {
        let loop = try ImportLoopDouble()
        let answer = try await loop.importText(Self.people, list: "fair", pieceBytes: 7)
        #expect(answer.id == "i1")
        #expect([answer.rows, answer.created, answer.updated, answer.unchanged, answer.rejected] == [5, 3, 1, 0, 1])
        #expect(answer.firstRejects.map(\.line) == [4])
        #expect(answer.firstRejects.map(\.column) == [1])
        #expect(answer.fields.map(\.name) == ["email", "first_name", "visits", "is_member"])
        #expect(answer.fields.map(\.type) == ["text", "text", "text", "boolean"])
        #expect(answer.fields.map(\.column) == ["Email", "First Name", "Visits", "Is Member"])
        #expect(try loop.integer("SELECT count(*) FROM list_member") == 3)
        let record = try #require(try loop.record(1))
        #expect(record.state == .finished)
        #expect([record.counts.rows, record.counts.created, record.counts.rejected] == [5, 3, 1])
        #expect(try loop.integer("SELECT count(*) FROM source WHERE name = 'fair' AND basis = 'consent'") == 1)
        #expect(!loop.overlapped)
    }

    @Test("a suppression bars every spelling of an address that is imported, quoted or not")
    func quoted() async throws {
        let loop = try ImportLoopDouble()
        try loop.suppress("qq@x.org", .asked)
        let answer = try await loop.importText("{\"email\":\"\\\"q\\\\q\\\"@x.org\"}\n{\"email\":\"QQ@x.org\"}\n")
        #expect([answer.rows, answer.created] == [2, 1])
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE barred = 1") == 1)
    }

    @Test("the reject file has the rows that were not taken", arguments: ["i1", "1"])
    func rejects(id: String) async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(Self.people)
        let pages = try await loop.service.rejects(ofImport: id) { try loop.record($0) != nil }
        let next = pages.read()
        var text = ""
        while let page = try await next() { for piece in page { text += String(buffer: piece) } }
        let lines = text.split(separator: "\r\n")
        #expect(lines.count == 2)
        #expect(lines.first == "line,column,reason,Email,First Name,Visits,Is Member")
        #expect(lines.last?.hasPrefix("4,1,") == true)
        #expect(lines.last?.hasSuffix(#""not an address","Carl","1","no""#) == true)
    }

    private func rejects(of loop: ImportLoopDouble, _ id: String?) async throws -> String {
        let pages = try await loop.service.rejects(ofImport: id ?? "") { try loop.record($0) != nil }
        let next = pages.read()
        var text = ""
        while let page = try await next() { for piece in page { text += String(buffer: piece) } }
        return text
    }

    @Test("a mended file of rejected rows is imported as the file it comes from, and so are its rejects")
    func mended() async throws {
        let loop = try ImportLoopDouble()
        let people =
            "Email;First Name;Phone;Note\nann@x.org;Ann;;\nbob;Bob;+15155550100;=1+2\ncy@;\"C;y\";;\nd@x.org;D;;x;y\n"
        let first = try await loop.importText(people)
        #expect([first.created, first.rejected] == [1, 3])
        let rejects = try await self.rejects(of: loop, first.id)
        let mended = rejects.replacing("\"bob\"", with: "\"bob@x.org\"").replacing(",\"y\"", with: "")
        let second = try await loop.importText(mended)
        #expect([second.created, second.rejected, second.warnings] == [2, 1, 0])
        #expect(second.fields.map(\.name) == first.fields.map(\.name))
        let bob =
            "SELECT count(*) FROM contact WHERE email = 'bob@x.org' AND phone = '+15155550100' AND f_note = '=1+2'"
        #expect(try loop.integer(bob) == 1)
        let again = try await self.rejects(of: loop, second.id)
        let third = try await loop.importText(again.replacing("\"cy@\"", with: "\"cy@x.org\""))
        #expect([third.created, third.rejected] == [1, 0])
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE f_first_name = 'C;y'") == 1)
    }

    @Test("an export of all contacts is imported again without changing anything")
    func ownExport() async throws {
        let loop = try ImportLoopDouble()
        let people = "email,name,phone,age,member\nann@x.org,=1+2,+15155550100,-4,yes\nbob@x.org,'-x,,5,no\n"
        _ = try await loop.importText(people, list: "iowa")
        let before = try loop.export()
        let table = before.split(separator: "\r\n", omittingEmptySubsequences: false).dropLast().joined(
            separator: "\r\n"
        )
        let answer = try await loop.importText(table + "\r\n")
        #expect([answer.rows, answer.updated, answer.unchanged, answer.warnings] == [2, 0, 2, 0])
        #expect(try loop.integer("SELECT count(*) FROM field WHERE name IN ('contact', 'lists', 'created_at_2')") == 0)
    }

    @Test(
        "an import that is not there has no rejects",
        arguments: ["i2", "2", "", "x", "i", "-1", "99999999999999999999"]
    )
    func unknown(id: String) async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(Self.people)
        await #expect(throws: OperationError.self) {
            _ = try await loop.service.rejects(ofImport: id) { try loop.record($0) != nil }
        }
    }

    @Test(
        "a file with nobody in it is refused",
        arguments: [
            "", "email\n", "name,city\nAnn,Ames\n", "email,name\nnobody,Ann\n", "email,email\na@b.c,d@e.f\n",
            "PK\u{3}\u{4}", "email," + (0..<1_000).map { "c\($0)" }.joined(separator: ",") + "\na@b.c\n",
        ]
    )
    func nobody(text: String) async throws {
        let loop = try ImportLoopDouble()
        let error = await #expect(throws: OperationError.self) { try await loop.importText(text, list: "fair") }
        let diagnostics: [Diagnostic]
        switch error {
        case .invalid(let found), .nothingImported(let found, "i1"): diagnostics = found
        default:
            Issue.record("refused as \(String(describing: error))")
            return
        }
        #expect(!diagnostics.isEmpty)
        #expect(diagnostics.allSatisfy { $0.file == "people.csv" })
        #expect(try loop.integer("SELECT count(*) FROM contact") == 0)
        #expect(try loop.record(1)?.state != .running)
    }

    @Test("where no row could be used, every one of them can be had with its reason")
    func allRejected() async throws {
        let loop = try ImportLoopDouble()
        let text = "email,name\n" + (1...30).map { "nobody\($0),Ann\n" }.joined()
        let error = await #expect(throws: OperationError.self) { try await loop.importText(text) }
        guard case .nothingImported(let diagnostics, let id) = error else {
            Issue.record("refused as \(String(describing: error))")
            return
        }
        // Five of them, and how many there are.
        #expect(diagnostics.count == 6)
        let pages = try await loop.service.rejects(ofImport: id) { try loop.record($0) != nil }
        let read = pages.read()
        var rejects = ""
        while let page = try await read() { for piece in page { rejects += String(buffer: piece) } }
        let lines = rejects.split(whereSeparator: \.isNewline)
        #expect(lines.count == 31)
        #expect(lines.last?.contains("nobody30") == true)
    }

    @Test("counts add up whatever is wrong with the file, and the same file changes nothing", arguments: UInt64(1)...12)
    func damage(seed: UInt64) async throws {
        var random = SplitMix64(seed)
        var lines = ["email,name,visits,gift,joined"]
        for index in 0..<800 {
            var line =
                "p\(index)@x\(index % 7).org,\"Name \(index)\",\(index % 50),\(index % 9).50,2026-01-\(10 + index % 20)"
            let roll = Int.random(in: 0..<20, using: &random)
            if roll < 5 {
                let damages = ["\"", ",", "\u{0}", "\n", "é", "@"]
                let place = line.index(line.startIndex, offsetBy: Int.random(in: 0..<line.count, using: &random))
                line.insert(contentsOf: damages[roll % damages.count], at: place)
            }
            lines.append(line)
        }
        let text = lines.joined(separator: "\n") + "\n"
        let loop = try ImportLoopDouble()
        let pieceBytes = Int.random(in: 1...5_000, using: &random)
        let first = try await loop.importText(text, pieceBytes: pieceBytes)
        #expect(first.rows == first.created + first.updated + first.unchanged + first.rejected)
        #expect(try loop.integer("SELECT count(*) FROM contact") == first.created)
        let record = try #require(try loop.record(1))
        #expect(record.counts.rows == first.rows)
        #expect(record.counts.warnings == first.warnings)
        let second = try await loop.importText(text, onConflict: .keep, pieceBytes: pieceBytes)
        #expect([second.rows, second.created, second.updated] == [first.rows, 0, 0])
        #expect(second.rejected == first.rejected)
        if first.updated == 0 {
            let third = try await loop.importText(text, pieceBytes: 300)
            #expect([third.created, third.updated, third.unchanged] == [0, 0, first.created + first.unchanged])
        }
    }

    @Test("a disk that fills up leaves what was committed, and the import is marked", arguments: 1...5)
    func full(write: Int) async throws {
        let loop = try ImportLoopDouble()
        loop.fail(at: write)
        let text = "email\n" + (0..<1_200).map { "p\($0)@x.org\n" }.joined()
        let error = await #expect(throws: OperationError.self) { try await loop.importText(text) }
        guard case .unavailable = error else {
            Issue.record("refused as \(String(describing: error))")
            return
        }
        // Writes: begin, open, then chunks of 500.
        #expect(try loop.integer("SELECT count(*) FROM contact") == max(0, write - 3) * 500)
        let record = try loop.record(1)
        #expect(record?.state == (write == 1 ? nil : .aborted))
        #expect(record?.counts.created ?? 0 == max(0, write - 3) * 500)
        let again = try await loop.importText(text)
        #expect(again.created + again.unchanged == 1_200)
    }

    @Test("a sender that goes away leaves an aborted import")
    func broken() async throws {
        let loop = try ImportLoopDouble()
        let text = "email\n" + (0..<1_200).map { "p\($0)@x.org\n" }.joined()
        await #expect(throws: Pieces.Broken.self) { try await loop.importText(text, breaksAfter: 8_000) }
        #expect(try loop.record(1)?.state == .aborted)
        let counts = try #require(try loop.record(1)?.counts)
        #expect(try loop.integer("SELECT count(*) FROM contact") == counts.created)
    }

    @Test("files of more than one window are read whole, and the later row of an address wins")
    func windows() async throws {
        let loop = try ImportLoopDouble()
        let count = ImportWindow.rowsMax + 2_000
        var text = "email,n\n"
        for index in 0..<count { text += "p\(index)@x.org,\(index)\n" }
        text += "p5@x.org,-1\nnobody,0\n"
        let answer = try await loop.importText(text, pieceBytes: 1 << 16)
        #expect([answer.created, answer.updated, answer.rejected] == [count, 1, 1])
        #expect(try loop.integer("SELECT f_n FROM contact WHERE email_key = 'p5@x.org'") == -1)
        #expect(try loop.integer("SELECT max(f_n) FROM contact") == count - 1)
        #expect(!loop.overlapped)
    }
}
