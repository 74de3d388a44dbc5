import Domain
import Storage
import StorageSQLite
import Testing

@testable import CoordinatorCore

@Suite("Ids of a second system")
struct SecondSystemTests {
    private static let nationBuilder = "nationbuilder_id,first_name,email\n17,Ann,ann@x.org\n"
    private static let van = "VANID,FirstName,PreferredEmail\n555001,Ann,ann@x.org\n"

    private func alias(_ loop: ImportLoopDouble) throws -> [String] {
        try loop.aliases().map { String($0.split(separator: " ").dropLast().joined(separator: " ")) }
    }

    @Test("whoever has an id of a second system is found by it under another address, and without one")
    func known() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(Self.nationBuilder, list: "s", source: "nb")
        let before = try loop.export()
        let learns = try await loop.importText(Self.van, list: "s", source: "van")
        #expect(learns.created == 0)
        #expect(try self.alias(loop) == ["id:van:555001 1"])
        let keys = try loop.database.access { connection throws(StoreError) in
            try ContactAliases.keys(of: Contact.ID(1), on: connection)
        }
        #expect(keys.map(\.value) == ["van:555001"] && keys.map(\.importID) == [2])
        let moved = "VANID,FirstName,PreferredEmail,City\n555001,Ann,ann.new@x.org,\n555001,Ann,,Ames\n"
        let phone = "VANID,CellPhone,City\n555001,515-555-0100,Adel\n"
        for text in [moved, phone, Self.van] {
            let request = ImportRequest(file: "m", list: "s", source: "moved", onConflict: .merge)
            let trial = try await loop.rehearse(Array(text.utf8), request)
            let done = try await loop.importBytes(Array(text.utf8), request)
            #expect(trial.created == 0 && done.created == 0)
        }
        #expect(try loop.integer("SELECT count(*) FROM contact") == 1)
        #expect(try loop.integer("SELECT count(*) FROM list_member") == 1)
        // The address of before comes back by the id that the contact has, not by the other.
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE email = 'ann.new@x.org'") == 1)
        for id in [5, 4, 3, 2] as [Int64] { try await loop.service.undo(id, by: "ann") }
        #expect(try loop.export() == before)
        #expect(try loop.aliases().isEmpty)
    }

    @Test("the same files again change nothing", arguments: ConflictRule.allCases)
    func again(policy: ConflictRule) async throws {
        let loop = try ImportLoopDouble()
        let texts = [Self.nationBuilder, Self.van, "VANID,email\n7,ann@x.org\n8,bob@x.org\n7,ann@x.org\n"]
        for text in texts { _ = try await loop.importText(text, onConflict: policy) }
        let (export, aliases) = (try loop.export(), try self.alias(loop))
        for text in texts {
            let done = try await loop.importText(text, onConflict: policy)
            #expect(done.created == 0 && done.updated == 0)
        }
        #expect(try loop.export() == export)
        #expect(try self.alias(loop) == aliases)
        // `keep` leaves contacts as they are.
        #expect(aliases == (policy == .keep ? [] : ["id:van:555001 1"]))
    }

    @Test("of several ids of one system at one address the first is the contact's, the others are other people's")
    func household() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("nationbuilder_id,email\n17,home@x.org\n")
        _ = try await loop.importText("VANID,email\n1,home@x.org\n", source: "one")
        _ = try await loop.importText("VANID,email\n2,home@x.org\n", source: "two")
        #expect(try loop.integer("SELECT count(*) FROM contact") == 1)
        #expect(try await loop.importText("VANID,email\n2,own@x.org\n", source: "three").created == 1)
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE email = 'home@x.org'") == 1)
    }

    @Test("an id that is another contact's is not taken from it by a row with the wrong address")
    func others() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(Self.nationBuilder)
        _ = try await loop.importText("VANID,email\n5,bob@x.org\n", source: "b")
        _ = try await loop.importText("VANID,email\n5,ann@x.org\n", source: "c")
        #expect(try loop.aliases().isEmpty)
        _ = try await loop.importText("VANID,email\n5,bob.new@x.org\n", source: "d")
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE id = 2 AND email = 'bob.new@x.org'") == 1)
    }
}
