import Domain
import Storage
import Testing

@testable import CoordinatorCore

@Suite("Imports whose fields are in use")
struct FieldUsersTests {
    private static func source(_ text: String, audience: String = "email <> ''", more: String = "") -> String {
        """
        name: caucus
        relay: main
        audience: "\(audience)"
        from: a@b.example
        variants: [{name: a, subject: s, text: "\(text)"}]
        \(more)
        """
    }

    /// One import without the field `nick`, and a second one that brings it.
    private func scene() async throws -> (ImportLoopDouble, before: String) {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email,city\na@x.org,Ames\nb@x.org,Boone\n")
        let before = try loop.export()
        let answer = try await loop.importText("email,nick,note\na@x.org,Al,x\nc@x.org,Cy,y\n")
        #expect(answer.id == "i2")
        return (loop, before)
    }

    private static func save(
        _ source: String,
        state: CampaignState,
        files: [String: String] = [:],
        on connection: any SQLConnection
    ) throws(StoreError) {
        let json =
            "{" + files.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
        let store = CampaignStore(connection)
        var record = CampaignRecord(
            id: try store.nextID(),
            name: "caucus",
            state: state,
            channel: "email",
            relay: "main",
            file: "c.yaml",
            content: source,
            files: json,
            digest: "",
            submittedBy: "ann",
            submittedAt: Timestamp(milliseconds: 1)
        )
        if ![.submitted, .approved].contains(state) { record.startedAt = Timestamp(milliseconds: 1) }
        try store.save(record)
    }

    private static func define(
        _ name: String,
        _ expression: String,
        on connection: any SQLConnection
    ) throws(StoreError) {
        try SegmentStore(connection).save(
            SegmentRecord(name: name, expression: expression, definedBy: "ann", definedAt: Timestamp(milliseconds: 1))
        )
    }

    private func refusal(_ loop: ImportLoopDouble) async throws -> String {
        do {
            try await loop.service.undo(2, by: "ann")
        } catch OperationError.conflict(let text) {
            return text
        }
        return "none"
    }

    @Test(
        "an undo is refused while a campaign that may still write uses a field that the import brought",
        arguments: [CampaignState.submitted, .approved, .running, .paused],
        [
            FieldUsersTests.source("Hi {{nick}}"), FieldUsersTests.source("Hi", audience: "NICK = 'Al'"),
            FieldUsersTests.source("Hi", more: "missing_field: {nick: you}"),
            FieldUsersTests.source("Hi", more: "headers: {X-Nick: \"{{nick}}\"}"),
            FieldUsersTests.source("Hi", audience: "segment('young')"),
        ]
    )
    func campaigns(state: CampaignState, source: String) async throws {
        let (loop, before) = try await self.scene()
        let during = try loop.export()
        try await loop.write { connection throws(StoreError) in
            try Self.save(source, state: state, files: ["segment:young": "nick = 'Al'"], on: connection)
        }
        let text = try await self.refusal(loop)
        #expect(text.contains("'nick', 'note'") && text.contains("c1 'caucus' (\(state.rawValue))"))
        #expect(text.contains("then undo i2"))
        #expect(try loop.export() == during)
        #expect(try loop.record(2)?.state == .finished)
        // Once it is over the state before is back, byte for byte.
        try await loop.write { connection throws(StoreError) in
            try connection.execute("UPDATE campaign SET state = 'cancelled'")
        }
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.export() == before)
    }

    @Test("so it is while a segment uses one, also by way of another segment")
    func segments() async throws {
        let (loop, before) = try await self.scene()
        try await loop.write { connection throws(StoreError) in
            try Self.define("inner", "nick = 'Al'", on: connection)
            try Self.define("outer", "segment('inner') and city = 'Ames'", on: connection)
            try Self.define("other", "city = 'Ames'", on: connection)
        }
        let text = try await self.refusal(loop)
        #expect(text.contains("in use by segment 'inner', segment 'outer';"))
        try await loop.write { connection throws(StoreError) in
            try Self.define("inner", "city = 'Boone'", on: connection)
        }
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.export() == before)
    }

    @Test("so it is while a segment compares a field whose type the import settled")
    func settled() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email,score\na@x.org,\n")
        let before = try loop.export()
        _ = try await loop.importText("email,score\na@x.org,5\n")
        try await loop.write { connection throws(StoreError) in
            try Self.define("high", "score > 3", on: connection)
        }
        let text = try await self.refusal(loop)
        #expect(text.contains("'score'") && text.contains("in use by segment 'high';"))
        try await loop.write { connection throws(StoreError) in
            try Self.define("high", "score is empty", on: connection)
        }
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.export() == before)
    }

    @Test("who uses other fields stands in nobody's way")
    func others() async throws {
        let (loop, before) = try await self.scene()
        try await loop.write { connection throws(StoreError) in
            try Self.save(Self.source("Hi {{city}}, no nick"), state: .running, on: connection)
            // It could not be read before, either.
            try Self.save(Self.source("Hi {{nick}} {{gone}}"), state: .running, on: connection)
            try Self.define("town", "city = 'Ames'", on: connection)
        }
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.export() == before)
    }

    @Test("a campaign that comes while an import is being undone keeps its fields until it is over")
    func meanwhile() async throws {
        let (loop, before) = try await self.scene()
        loop.before(write: loop.writes + 3) { connection throws(StoreError) in
            try Self.save(Self.source("Hi {{nick}}"), state: .submitted, on: connection)
        }
        #expect(try await self.refusal(loop).contains("c1 'caucus' (submitted)"))
        #expect(try loop.record(2)?.state == .undoing)
        try await loop.write { connection throws(StoreError) in
            try connection.execute("UPDATE campaign SET state = 'cancelled'")
        }
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.export() == before)
        #expect(try loop.record(2)?.state == .undone)
    }
}
