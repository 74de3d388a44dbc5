import Domain
import NIOCore
import Storage
import Testing

@testable import CoordinatorCore

@Suite("Imports, one after the other")
struct ImportOrderTests {
    private static let request = ImportRequest(file: "b.csv", source: "b", onConflict: .merge)

    @Test("while an import runs another one is refused, a dry run is not, and undoing gives back every byte")
    func oneAtATime() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email,name\nann@x.org,Old\nbob@x.org,Old\n")
        let before = try loop.export()
        let other = Array("email,name\nann@x.org,Dee\nbob@x.org,Dee\n".utf8)
        let body = Interrupted(first: "email,name\nann@x.org,Bee\n", second: "bob@x.org,Bee\n") { () async throws in
            let trial = try await loop.rehearse(other, Self.request)
            #expect(trial.updated == 2)
            let refusal = await #expect(throws: OperationError.self) {
                try await loop.importBytes(other, Self.request)
            }
            guard case .conflict(let text) = refusal else {
                Issue.record("refused as \(String(describing: refusal))")
                return
            }
            #expect(text.hasPrefix("import i2 of a.csv is running"))
            await #expect(throws: OperationError.self) { try await loop.service.undo(1, by: "ann") }
        }
        let request = ImportRequest(file: "a.csv", source: "a", onConflict: .merge)
        #expect(try await loop.service.run(request, body: body, by: "ann").updated == 2)
        let between = try loop.export()
        #expect(try await loop.importBytes(other, Self.request).id == "i3")
        #expect(try await loop.service.undo(3, by: "ann").isEmpty)
        #expect(try loop.export() == between)
        #expect(try await loop.service.undo(2, by: "ann").isEmpty)
        #expect(try loop.export() == before)
    }

    @Test("an import whose sender vanished holds nothing up, also when its end could not be stored")
    func vanished() async throws {
        let loop = try ImportLoopDouble()
        for _ in 0..<2 {
            await #expect(throws: Pieces.Broken.self) {
                try await loop.importText("email\nann@x.org\n", pieceBytes: 4, breaksAfter: 4)
            }
        }
        loop.fail(at: loop.writes + 2)
        await #expect(throws: Pieces.Broken.self) {
            try await loop.importText("email\nann@x.org\n", pieceBytes: 4, breaksAfter: 4)
        }
        #expect(try loop.record(3)?.state == .running)
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.record(3)?.state == .aborted)
        loop.fail(at: loop.writes + 2)
        await #expect(throws: Pieces.Broken.self) {
            try await loop.importText("email\nann@x.org\n", pieceBytes: 4, breaksAfter: 4)
        }
        #expect(try loop.record(4)?.state == .running)
        #expect(try await loop.importText("email\nann@x.org\n").created == 1)
        #expect(try loop.record(4)?.state == .aborted)
    }

    @Test("undoing one of two imports that an older version let run at once says so")
    func overlapped() async throws {
        let loop = try ImportLoopDouble()
        for name in ["Old", "Bee", "Dee", "Eve"] {
            _ = try await loop.importText("email,name\nann@x.org,\(name)\n", source: name)
        }
        for (id, times) in [(1, (1, 5)), (2, (5, 20)), (3, (10, 30)), (4, (30, 40))] {
            try await loop.write { connection throws(StoreError) in
                let ran = "started_at = \(times.0), finished_at = \(times.1)"
                try connection.execute("UPDATE import SET \(ran) WHERE id = \(id)")
            }
        }
        loop.set(milliseconds: 50)
        var overlapped: [[Int64]] = []
        for id in [4, 3, 2, 1] as [Int64] { overlapped.append(try await loop.service.undo(id, by: "ann")) }
        #expect(overlapped == [[], [2], [3], []])
    }
}

/// A body in two pieces between which something else is done.
private struct Interrupted: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let first: String
    let second: String
    let meanwhile: @Sendable () async throws -> Void

    struct AsyncIterator: AsyncIteratorProtocol {
        let body: Interrupted
        var pieces = 0

        mutating func next() async throws -> ByteBuffer? {
            self.pieces += 1
            if self.pieces == 2 { try await self.body.meanwhile() }
            return self.pieces > 2 ? nil : ByteBuffer(string: self.pieces == 1 ? self.body.first : self.body.second)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}
