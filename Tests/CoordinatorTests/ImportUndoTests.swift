import Domain
import Foundation
import NIOCore
import Storage
import Testing

@testable import CoordinatorCore

@Suite("Who is who, and taking imports back")
struct ImportUndoTests {
    @Test("one person in three exports is one contact with three sources")
    func threeSources() async throws {
        let loop = try ImportLoopDouble()
        let files = [
            "nationbuilder_id,first_name,email,phone_number\n4711,Ann,ann@campaign.example,515-555-0100\n",
            "VANID\tLastName\tCellPhone\n100200\tLee\t+1 (515) 555-0100\n",
            "Email Address,First Name,TAGS\nANN@campaign.example,Ann,a\n",
        ]
        for (index, text) in files.enumerated() {
            let answer = try await loop.importText(text, source: "file \(index)", basis: index == 2 ? "consent" : nil)
            #expect(answer.created == (index == 0 ? 1 : 0))
            #expect(answer.updated == (index == 0 ? 0 : 1))
        }
        let record = try #require(try loop.records().first)
        #expect(try loop.records().count == 1)
        #expect(record.sources.map(\.note.name) == ["file 0", "file 1", "file 2"])
        #expect(record.consent.bases(for: "email") == [.consent])
        #expect(record.consent.bases(for: "sms").isEmpty)
    }

    @Test(
        "rows are the same person by address, by external id, and by telephone where an address is missing",
        arguments: [
            // The same id with another address: the person changed it.
            ("external_id,email\n7,a@x.org\n", "external_id,email\n7,b@x.org\n", 1),
            // An id of another system is another id.
            ("external_id,email\n7,a@x.org\n", "VANID,email\n7,b@x.org\n", 2),
            // One of the two has no address.
            ("phone,email\n5155550100,\n", "phone,email\n+1 515 555 0100,a@x.org\n", 1),
            ("phone,email\n+15155550100,a@x.org\n", "phone,email\n515-555-0100,\n", 1),
            ("phone\n+15155550100\n", "phone\n(515) 555 0100\n", 1),
            ("phone,email\n515-555-0100,\n5155550100,a@x.org\n", "phone\n5155550100\n", 1),
            // An address that somebody had before, and a number.
            ("external_id,email\n7,a@x.org\n7,b@x.org\n", "email\na@x.org\n", 1),
            ("external_id,email\n7,a@x.org\n7,b@x.org\n", "external_id,email\n7,c@x.org\n7,a@x.org\n", 1),
            // Two people of one household.
            ("phone,email\n5155550100,a@x.org\n", "phone,email\n5155550100,b@x.org\n", 2),
            // An id of a second system, which the contact is known by besides.
            ("nationbuilder_id,email\n17,a@x.org\n", "VANID,email\n5,a@x.org\n5,b@x.org\n", 1),
            ("VANID,email\n5,a@x.org\n", "external_id,email,phone\n17,a@x.org,\n17,,5155550100\n", 1),
            // Two ids of that system are two people, also at one address.
            ("nationbuilder_id,email\n17,a@x.org\n", "VANID,email\n5,a@x.org\n6,b@x.org\n", 2),
            // The address is one contact's, the id another's: the address decides, and the id stays where it is.
            ("external_id,email\n7,a@x.org\n8,b@x.org\n", "external_id,email\n8,a@x.org\n", 2),
        ]
    )
    func sameness(first: String, second: String, contacts: Int) async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(first)
        let trial = try await loop.rehearse(
            Array(second.utf8),
            ImportRequest(file: "b.csv", source: "other", basis: "consent", onConflict: .merge)
        )
        let answer = try await loop.importText(second, source: "other")
        #expect(trial.created == answer.created && trial.updated == answer.updated)
        #expect(try loop.integer("SELECT count(*) FROM contact") == contacts)
        let export = try loop.export()
        for text in [second, second] {
            let again = try await loop.importText(text, source: "other")
            #expect(again.created == 0 && again.updated == 0)
        }
        #expect(try loop.export() == export)
    }

    @Test("who was written to leaves a hash of the address when the import is undone; nobody else does")
    func undoneWritten() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("external_id,email\n7,ann@x.org\n8,bob@x.org\n")
        try await loop.write { connection throws(StoreError) in
            try connection.execute("INSERT INTO target (campaign, lane, position, contact) VALUES (1, 0, 0, 1)")
        }
        _ = try await loop.importText("external_id,email\n7,new@x.org\n8,other@x.org\n", source: "b")
        #expect(try loop.integer("SELECT count(*) FROM written_address WHERE contact = 1") == 1)
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.integer("SELECT count(*) FROM written_address WHERE contact = 1") == 2)
        // It has the address again.
        #expect(try loop.integer("SELECT count(*) FROM written_address WHERE holder = 1") == 1)
        try await loop.write { connection throws(StoreError) in
            try connection.execute("INSERT INTO target (campaign, lane, position, contact) VALUES (1, 0, 1, 2)")
        }
        try await loop.service.undo(1, by: "ann")
        #expect(try loop.integer("SELECT count(*) FROM written_address WHERE contact = 2") == 1)
        #expect(try loop.integer("SELECT count(DISTINCT address_hash) FROM written_address") == 3)
    }

    @Test("who was written to has the same number when the file comes again, and that can be undone, too")
    func undoneAndBack() async throws {
        let loop = try ImportLoopDouble()
        let text = "email,phone\nann@x.org,5155550100\nbob@x.org,5155550101\ncy@x.org,5155550102\n"
        let empty = try loop.export()
        _ = try await loop.importText(text)
        let export = try loop.export()
        try await loop.write { connection throws(StoreError) in
            try connection.execute("INSERT INTO target (campaign, lane, position, contact) VALUES (1, 0, 0, 2)")
        }
        try await loop.service.undo(1, by: "ann")
        let again = try await loop.importText(text)
        #expect(again.created == 3)
        #expect(try loop.export().count == export.count)
        func number(_ key: String) throws -> Int? {
            try loop.integer("SELECT id FROM contact WHERE email_key = '\(key)'")
        }
        #expect(try ["ann@x.org", "bob@x.org", "cy@x.org"].map(number) == [4, 2, 5])
        // The number that is back is known by its telephone, as the others are.
        _ = try await loop.importText("phone,city\n5155550101,Ames\n", source: "numbers")
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE id = 2 AND f_city = 'Ames'") == 1)
        try await loop.service.undo(3, by: "ann")
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.export() == empty)
    }

    @Test("undo restores every byte of the export, newest first, and numbers of contacts are not used again")
    func undo() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email,city,gift\nann@x.org,Ames,1.50\nbob@x.org,Boone,2\n", list: "a")
        let before = try loop.export()
        let changed =
            "email,city,visits,phone\nann@x.org,Adel,3,5155550100\ncy@x.org,Clive,4,5155550101\nbob@x.org,,,\n"
        let second = try await loop.importText(
            changed,
            list: "b",
            source: "second",
            basis: "contract",
            onConflict: .replace
        )
        #expect(second.created == 1 && second.updated == 2)
        let between = try loop.export()
        #expect(between != before)
        _ = try await loop.importText("email\ndora@x.org\n", source: "third")
        await #expect(throws: OperationError.self) { try await loop.service.undo(2, by: "ann") }
        try await loop.service.undo(3, by: "ann")
        #expect(try loop.export() == between)
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.export() == before)
        #expect(try loop.record(2)?.state == .undone)
        await #expect(throws: OperationError.self) { try await loop.service.undo(2, by: "ann") }
        // The field is there again, whatever its type, and no number comes twice.
        _ = try await loop.importText("email,visits\nemma@x.org,often\n", source: "fourth")
        #expect(try loop.integer("SELECT id FROM contact WHERE email_key = 'emma@x.org'") == 5)
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE f_visits = 'often'") == 1)
        try await loop.service.undo(4, by: "ann")
        #expect(try loop.export() == before)
    }

    @Test("an archive that is a trap is seen before anything of it comes in")
    func bomb() async throws {
        let gzip = "/usr/bin/gzip"
        guard FileManager.default.isExecutableFile(atPath: gzip) else {
            print("skipped: no \(gzip)")
            return
        }
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email\nann@x.org\n")
        let before = try loop.export()
        let path = loop.folder + "/bomb.csv"
        var text = Array("email,name\n".utf8)
        for _ in 0..<(6 << 14) { text += "same@x.org,0000000000000000000000000000000000000000000000000\n".utf8 }
        try Data(text).write(to: URL(fileURLWithPath: path))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: gzip)
        process.arguments = ["-9", path]
        try process.run()
        process.waitUntilExit()
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path + ".gz")))
        let contacts = loop.writes
        let error = await #expect(throws: OperationError.self) { try await loop.importBytes(bytes) }
        // Begun, ended, and undone; nothing of the file was written in between.
        #expect(loop.writes - contacts <= 6)
        #expect(try loop.record(2)?.counts.rows == 0)
        guard case .invalid(let diagnostics) = error else {
            Issue.record("refused as \(String(describing: error))")
            return
        }
        #expect(diagnostics.first?.message.contains("100 times its size") == true)
        #expect(try loop.export() == before)
    }

    /// `POSTRIDER_DAMAGED_FILES` asks for more of them, and for each in all modes.
    private static let asked = UInt64(ProcessInfo.processInfo.environment["POSTRIDER_DAMAGED_FILES"] ?? "")
    static let seeds = UInt64(1)...(asked ?? 40)

    @Test("whatever is damaged: rows add up, the second time changes nothing, undo restores all", arguments: seeds)
    func damage(seed: UInt64) async throws {
        let modes = ConflictRule.allCases
        for mode in Self.asked == nil ? [modes[Int(seed % 3)]] : modes { try await self.damage(seed, mode) }
    }

    private func damage(_ seed: UInt64, _ mode: ConflictRule) async throws {
        var random = SplitMix64(seed)
        let loop = try ImportLoopDouble()
        let first = DamagedFile.make(&random)
        _ = Int.random(in: 0..<3, using: &random)
        let answer = try? await loop.importBytes(first, pieceBytes: Int.random(in: 1...5_000, using: &random))
        if let answer {
            #expect(answer.rows == answer.created + answer.updated + answer.unchanged + answer.rejected)
            #expect(try loop.integer("SELECT count(*) FROM contact") == answer.created)
        }
        let before = try loop.export()
        let aliasesBefore = try loop.aliases()
        let second = DamagedFile.make(&random)
        let pieceBytes = Int.random(in: 1...5_000, using: &random)
        let request = ImportRequest(file: "b.csv", list: "b", source: "b", basis: "contract", onConflict: mode)
        let trial = try? await loop.rehearse(second, request, pieceBytes: pieceBytes)
        #expect(try loop.export() == before)
        let imported = try? await loop.importBytes(second, request)
        #expect(trial?.created == imported?.created && trial?.updated == imported?.updated)
        #expect(trial?.unchanged == imported?.unchanged && trial?.rejected == imported?.rejected)
        guard let changed = imported else {
            #expect(try loop.export() == before)
            return
        }
        #expect(changed.rows == changed.created + changed.updated + changed.unchanged + changed.rejected)
        let after = try loop.export()
        let again = try await loop.importBytes(second, request, pieceBytes: pieceBytes)
        #expect(again.created == 0 && again.updated == 0, "seed \(seed), \(mode)")
        #expect(again.unchanged == changed.rows - changed.rejected && again.rejected == changed.rejected)
        #expect(try loop.export() == after, "seed \(seed), \(mode)")
        try await loop.service.undo(3, by: "ann")
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.export() == before, "seed \(seed), \(mode)")
        #expect(try loop.aliases() == aliasesBefore, "seed \(seed), \(mode)")
    }
}

/// Files that were sound once.
private enum DamagedFile {
    static func make(_ random: inout SplitMix64) -> [UInt8] {
        var bytes = Array("email,phone,external_id,name,visits,gift,joined\n".utf8)
        for index in 0..<Int.random(in: 1...120, using: &random) {
            let person = Int.random(in: 0..<80, using: &random)
            let email = person % 5 == 0 ? "" : "p\(person)@x\(index % 7).org"
            let phone = person % 3 == 0 ? "515555\(1_000 + person)" : ""
            let id = person % 4 == 0 ? "\(person)" : ""
            let line =
                "\(email),\(phone),\(id),\"Zoë \(person)\",\(index % 50),\(index % 9).50,2026-01-\(10 + index % 20)\n"
            bytes += Array(line.utf8)
        }
        let damages: [[UInt8]] = [
            [0x22], [0x2C], [0], [0x0A], [0xE9], [0xFF, 0xFE], Array("@".utf8), Array("\r".utf8), Array(",,,,".utf8),
            Array("\"\"".utf8), [0xC3, 0xA9], [0xF0, 0x9F],
        ]
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let place = Int.random(in: 30..<bytes.count, using: &random)
            let damage = damages[Int.random(in: 0..<damages.count, using: &random)]
            if Bool.random(using: &random) {
                bytes.insert(contentsOf: damage, at: place)
            } else {
                bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...30, using: &random)))
            }
        }
        return bytes
    }
}
