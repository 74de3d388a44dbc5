import Domain
import Foundation
import Storage
import Testing

@testable import CoordinatorCore

@Suite("Erasing people: the service")
struct ErasureServiceTests {
    private func person(_ number: Int) -> String { "somebody\(number)@example.org" }

    private func name(_ number: Int) -> PersonName {
        .email(key: self.person(number), text: self.person(number))
    }

    /// People who are all in one file of rejected rows, too.
    private func fill(_ live: LiveLoop, _ folder: LiveFolder, _ count: Int) async throws {
        try await live.execute(
            """
            WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
            INSERT INTO contact (id, email, email_key, domain, created_at, updated_at)
                SELECT i, 'somebody' || i || '@example.org', 'somebody' || i || '@example.org', 'example.org', 0, 0 FROM n;
            INSERT INTO import (id, file, state, started_at, finished_at, rejected) VALUES (1, 'a.csv', 'finished', 0, 1, 9)
            """
        )
        let rows = (1...count).map { "\($0),1,broken,\"\(self.person($0)),x\"\r\n" }
        try Data(("line,column,reason,row\r\n" + rows.joined()).utf8).write(to: self.rejects(folder))
    }

    private func rejects(_ folder: LiveFolder) -> URL {
        URL(fileURLWithPath: ImportService.rejectsPath(1, in: folder.rejects))
    }

    private func isOpen(_ live: LiveLoop) async throws -> Bool {
        try await live.reads.readers.read { connection throws(StoreError) in
            try ErasureMark.open(on: connection) != nil
        }
    }

    @Test("people who are erased at once do not undo each other's work in a file of rejected rows")
    func together() async throws {
        let folder = try LiveFolder()
        try await folder.run { live async throws -> Void in
            try await self.fill(live, folder, 40)
            let answers = try await withThrowingTaskGroup(of: ErasureAnswer.self) { group in
                for number in 1...30 {
                    group.addTask { try await live.erasures.erase(self.name(number), by: "ann") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.map(\.contacts) == Array(repeating: 1, count: 30))
            #expect(answers.map(\.rejectedRows) == Array(repeating: 1, count: 30))
            #expect(try await live.integer("SELECT count(*) FROM contact") == 10)
            #expect(try await self.isOpen(live) == false)
        }
        let texts = TextSearch((1...30).map { self.person($0) })
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) + ["rejects/import-1.csv"] {
            guard let bytes = FileManager.default.contents(atPath: "\(folder.path)/\(name)") else { continue }
            #expect(!texts.occurs(in: bytes), "\(name)")
        }
        #expect(try String(contentsOf: self.rejects(folder), encoding: .utf8).contains(self.person(35)))
    }

    @Test("when a file cannot be cleared, the contact is still there to be asked for again, and a start knows of it")
    func failure() async throws {
        let folder = try LiveFolder()
        try await folder.run { live async throws -> Void in
            try await self.fill(live, folder, 3)
            try FileManager.default.removeItem(at: self.rejects(folder))
            try FileManager.default.createDirectory(at: self.rejects(folder), withIntermediateDirectories: false)
            await #expect(throws: (any Error).self) { try await live.erasures.erase(self.name(1), by: "ann") }
            #expect(try await live.integer("SELECT count(*) FROM contact") == 3)
            // Nothing more is sent meanwhile.
            #expect(try await live.integer("SELECT count(*) FROM suppression WHERE reason = 'erased'") == 1)
            #expect(try await self.isOpen(live))
            try FileManager.default.removeItem(at: self.rejects(folder))
            #expect(try await live.erasures.erase(self.name(1), by: "ann").contacts == 1)
            #expect(try await live.integer("SELECT count(*) FROM contact") == 2)
        }
    }

    @Test("what a process that died left half made is removed, and nothing else")
    func leftovers() throws {
        let folder = try LiveFolder()
        for name in ["i1.csv", "i1.csv.part", "scratch-123", "part", "i2.csv"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.rejects)/\(name)"))
        }
        RejectErasure.removeLeftovers(in: folder.rejects)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.rejects).sorted() == [
                "i1.csv", "i2.csv", "part",
            ]
        )
    }
}
