import Domain
import NIOCore
import Storage
import StorageSQLite
import Testing

@testable import CoordinatorCore

@Suite("Reads beside the loop")
struct ReadsTests {
    private func makeReads(_ loop: ImportLoopDouble, readers: Int = 2) throws -> Reads {
        Reads(readers: try ReaderPool(path: loop.folder + "/ledger.db", count: readers), rollup: [:])
    }

    @Test(
        "a segment is counted",
        arguments: [
            ("", 3), ("city = 'Ames'", 2), ("visits > 1 and city = 'Ames'", 1), ("not is_member", 1),
            ("email like '%@x.org'", 2),
        ]
    )
    func segments(text: String, count: Int) async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(
            "email,city,visits,is_member\na@x.org,Ames,1,yes\nb@x.org,Ames,2,yes\nc@y.org,Boone,3,no\n"
        )
        let reads = try self.makeReads(loop)
        #expect(try await reads.countSegment(text).count == count)
        try await reads.readers.close()
    }

    @Test(
        "addresses and telephone numbers are compared by what they mean, however they were written",
        arguments: [
            ("email = 'Mixed.Case@Seg2.Example'", 1), ("email = 'mixed.case@seg2.example'", 1),
            ("email = ' \"mixed.case\"@SEG2.EXAMPLE'", 1), ("email != 'MIXED.CASE@SEG2.example'", 2),
            ("email in ('b@x.org', 'mixed.CASE@seg2.example')", 2), ("not email in ('MIXED.case@seg2.EXAMPLE')", 2),
            ("email not in ('MIXED.case@seg2.EXAMPLE', 'B@X.ORG')", 1), ("email = 'x@b\u{FC}cher.example'", 1),
            ("email = 'nobody'", 0), ("email = 'tel:15155550177'", 0), ("not email = 'nobody'", 3),
            ("phone = '(515) 555-0199'", 2), ("phone = '+1 515 555 0199'", 2), ("phone = '001 515.555.0199'", 2),
            ("phone != '5155550199'", 2), ("phone in ('+15155550199', '0049 30 1234567')", 3),
            ("not phone in ('515 555 0199')", 2), ("phone = 'none'", 0), ("email is empty", 1),
        ]
    )
    func spellings(text: String, count: Int) async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(
            """
            email,phone
            Mixed.Case@Seg2.Example,(515) 555-0199
            B@x.org,+1 515 555 0199
            x@B\u{FC}cher.example,+49 30 1234567
            ,515 555 0177

            """
        )
        let reads = try self.makeReads(loop)
        #expect(try await reads.countSegment(text).count == count)
        try await reads.readers.close()
    }

    @Test("a wrong condition is answered with its place", arguments: ["nope = 1", "city ="])
    func problems(text: String) async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email,city\na@x.org,Ames\n")
        let reads = try self.makeReads(loop)
        await #expect(throws: OperationError.self) { try await reads.countSegment(text) }
        try await reads.readers.close()
    }

    @Test("a read that takes too long is cut off, and the next one works")
    func budget() async throws {
        let loop = try ImportLoopDouble()
        let reads = try self.makeReads(loop, readers: 1)
        let error = await #expect(throws: StoreError.self) {
            try await reads.readers.read { connection throws(StoreError) in
                try connection.firstInteger(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
                )
            }
        }
        guard case .interrupted = error else {
            Issue.record("ended with \(String(describing: error))")
            return
        }
        #expect(try await reads.fields().count == BuiltInField.allCases.count)
        try await reads.readers.close()
    }

    @Test("more readers than connections wait for their turn, and all are answered")
    func turns() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email\na@x.org\nb@x.org\n")
        let reads = try self.makeReads(loop, readers: 2)
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<40 { group.addTask { try await reads.countSegment("").count } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == Array(repeating: 2, count: 40))
        try await reads.readers.close()
    }

    @Test("a report without targets has one row with nothing in it")
    func emptyReport() async throws {
        let loop = try ImportLoopDouble()
        let reads = try self.makeReads(loop)
        let rows = try await reads.report(on: Campaign.ID(1), by: nil, variants: [])
        #expect(rows.map(\.key) == ["all"])
        #expect(rows.map(\.audience) == [0])
        await #expect(throws: OperationError.self) {
            _ = try await reads.report(on: Campaign.ID(1), by: "nope", variants: [])
        }
        let next = reads.targets(of: Campaign.ID(1), .all, variants: [], relay: "main").read()
        #expect(try await next() == nil)
        try await reads.readers.close()
    }

    @Test(
        "a group is divided by weight, and nobody is lost",
        arguments: [
            (10, [1], [10]), (10, [1, 1, 1], [4, 3, 3]), (0, [2, 3], [0, 0]), (7, [9, 1], [6, 1]),
            (1, [1, 1], [1, 0]), (5, [], []),
        ] as [(Int, [Int], [Int])]
    )
    func shares(contacts: Int, weights: [Int], expected: [Int]) {
        #expect(AudienceShares.split(contacts, weights: weights) == expected)
    }
}
