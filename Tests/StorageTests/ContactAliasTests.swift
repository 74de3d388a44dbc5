import Domain
import Foundation
import Storage
import Testing

@Suite("Contacts and the keys that they had before")
struct ContactAliasTests {
    private static let key = AddressKey([1])

    /// `POSTRIDER_DAMAGED_FILES` asks for more of them.
    private static let seeds =
        UInt64(1)...(UInt64(ProcessInfo.processInfo.environment["POSTRIDER_DAMAGED_FILES"] ?? "") ?? 40)

    /// People who change addresses, ids and numbers, and share them.
    private struct Tangle {
        static let fields = [
            Field(name: "phone", type: .text), Field(name: "external_id", type: .text),
            Field(name: "city", type: .text),
            Field(name: "gift", type: .decimal),
        ]
        let store: TestStore
        var at: Int64 = 0

        init() throws { self.store = try TestStore() }

        static func file(_ count: Int, _ random: inout SplitMix64) -> [[String]] {
            func cell(_ values: Int, _ random: inout SplitMix64, _ text: (Int) -> String) -> String {
                let value = Int.random(in: 0...values, using: &random)
                return value == 0 ? "" : text(value)
            }
            var rows: [[String]] = []
            while rows.count < count {
                let row = [
                    cell(7, &random) { "p\($0)@x.org" }, cell(4, &random) { "515555010\($0)" },
                    cell(5, &random) { "\($0)" }, cell(2, &random) { "town \($0)" }, cell(2, &random) { "\($0).50" },
                ]
                if !row[0].isEmpty || !row[1].isEmpty { rows.append(row) }
            }
            return rows
        }

        /// Imports rows in windows, as files longer than one are.
        mutating func take(
            _ rows: [[String]],
            _ policy: ConflictPolicy,
            window: Int,
            system: String = ""
        ) throws -> ImportCounts {
            self.at += 1_000
            let at = Timestamp(milliseconds: self.at)
            let (id, fields) = try self.store.write { connection throws(StoreError) in
                let id = try ImportStore(connection).begin(file: "f.csv", at: at)
                return (id, try FieldStore(connection).define(Self.fields))
            }
            var counts = ImportCounts()
            for first in stride(from: 0, to: rows.count, by: window) {
                let batch = ContactRows(fields, Array(rows[first..<min(rows.count, first + window)]))
                for chunk in batch.chunks() {
                    counts += try self.store.write { connection throws(StoreError) in
                        while chunk.hasTelephones, try PhoneIndex(connection).advance() {}
                        let contacts = try ContactStore(
                            connection,
                            fields: fields,
                            policy: policy,
                            marks: ImportMarks(importID: id, idSystem: system),
                            key: ContactAliasTests.key
                        )
                        return try contacts.upsert(chunk, list: nil, source: 1, at: at)
                    }
                }
            }
            try self.store.write { connection throws(StoreError) in
                try ImportStore(connection).add(counts, to: id)
                try ImportStore(connection).end(id, as: .finished, at: at)
            }
            return counts
        }

        func undo(_ id: Int64) throws {
            let at = Timestamp(milliseconds: self.at)
            try self.store.write { connection throws(StoreError) in
                let undo = ImportUndo(connection, importID: id, key: ContactAliasTests.key)
                if let refusal = try undo.begin() { throw StoreError.statement("\(refusal)") }
                while try undo.step(at: at) {}
                try undo.end(at: at)
            }
        }

        func contacts() throws -> [String] {
            try self.store.rows(
                """
                SELECT id, email, email_key, domain, phone, external_id, external_key, f_city, f_gift, n_gift, source, created_at, updated_at FROM contact ORDER BY id
                """
            )
        }

        func people() throws -> [String] {
            try self.store.rows(
                "SELECT email, email_key, phone, external_key, f_city, f_gift FROM contact ORDER BY email_key"
            )
        }

        func aliases() throws -> [String] {
            try self.store.rows("SELECT key, contact, import, at FROM contact_alias ORDER BY key")
        }
    }

    @Test(
        "the same rows again change nothing, whoever shares what with whom, and undone they were never there",
        arguments: ConflictPolicy.allCases
    )
    func again(policy: ConflictPolicy) throws {
        var moves = 0
        for seed in Self.seeds {
            var random = SplitMix64(seed)
            var tangle = try Tangle()
            let people = Tangle.file(Int.random(in: 1...8, using: &random), &random)
            _ = try tangle.take(people, .merge, window: 3, system: Bool.random(using: &random) ? "van" : "")
            let (before, aliasesBefore) = (try tangle.contacts(), try tangle.aliases())
            let file = Tangle.file(Int.random(in: 1...30, using: &random), &random)
            let window = Int.random(in: 1...12, using: &random)
            let first = try tangle.take(file, policy, window: window)
            #expect(first.accepted == file.count)
            let (after, peopleAfter) = (try tangle.contacts(), try tangle.people())
            moves += try tangle.aliases().count - aliasesBefore.count
            for _ in 0..<2 {
                let again = try tangle.take(file, policy, window: window)
                #expect(again.created == 0 && again.updated == 0 && again.unchanged == file.count, "seed \(seed)")
                #expect(try tangle.contacts() == after, "seed \(seed)")
            }
            for id in [4, 3, 2] as [Int64] { try tangle.undo(id) }
            #expect(try tangle.contacts() == before, "seed \(seed)")
            #expect(try tangle.aliases() == aliasesBefore, "seed \(seed)")
            #expect(try tangle.take(file, policy, window: window) == first, "seed \(seed)")
            #expect(try tangle.people() == peopleAfter, "seed \(seed)")
        }
        #expect(moves > 0 || policy == .keep)
    }

    @Test(
        "a row with an address of before is the same person, who has it again only when the id says so",
        arguments: [
            // An older list.
            (["a@x.org", "", "", "Ames", ""], "b@x.org|:7|Ames"),
            (["a@x.org", "", "7", "", ""], "a@x.org|:7|"),
            // With an id that nobody has.
            (["a@x.org", "", "9", "", ""], "a@x.org|:9|"),
            (["b@x.org", "", "9", "", ""], "b@x.org|:9|"),
            (["c@x.org", "", "7", "", ""], "c@x.org|:7|"),
        ]
    )
    func older(row: [String], person: String) throws {
        for policy in [ConflictPolicy.merge, .replace] {
            var tangle = try Tangle()
            _ = try tangle.take([["a@x.org", "", "7", "", ""]], .merge, window: 1)
            _ = try tangle.take([["b@x.org", "", "7", "", ""]], .merge, window: 1)
            #expect(try tangle.aliases() == ["a@x.org|1|2|2000"])
            #expect(try tangle.take([row], policy, window: 1).created == 0)
            // `replace` empties what the file has empty.
            let expected = policy == .replace && row[2].isEmpty ? person.replacing(":7", with: "") : person
            #expect(try tangle.store.rows("SELECT email_key, external_key, f_city FROM contact") == [expected])
            let known = try tangle.store.access { connection throws(StoreError) in
                try ContactReader.contacts(withKey: "a@x.org", on: connection)
            }
            #expect(known == [1])
        }
    }

    @Test("what somebody says under an address of before holds for the one of now, but that a mailbox is gone does not")
    func suppressed() throws {
        for (reason, barred) in [(SuppressionReason.unsubscribed, "1"), (.complained, "1"), (.bounced, "0")] {
            var tangle = try Tangle()
            _ = try tangle.take([["a@x.org", "", "7", "", ""]], .merge, window: 1)
            _ = try tangle.take([["b@x.org", "", "7", "", ""]], .merge, window: 1)
            try self.suppress("a@x.org", reason, at: 3_000, tangle.store)
            #expect(try tangle.store.rows("SELECT email_key, barred FROM contact") == ["b@x.org|\(barred)"])
            // And nobody else has the new one.
            _ = try tangle.take([["c@x.org", "", "", "", ""]], .merge, window: 1)
            #expect(try tangle.store.rows("SELECT barred FROM contact WHERE id = 2") == ["0"])
        }
    }

    @Test("what somebody said since an import gave them an address holds when that is undone")
    func suppressedThenUndone() throws {
        for (at, barred) in [(1_500 as Int64, "0"), (2_500, "1")] {
            var tangle = try Tangle()
            _ = try tangle.take([["a@x.org", "", "7", "", ""]], .merge, window: 1)
            // Before the import it was another's word.
            if at < 2_000 { try self.suppress("b@x.org", .unsubscribed, at: at, tangle.store) }
            _ = try tangle.take([["b@x.org", "", "7", "", ""]], .merge, window: 1)
            if at > 2_000 { try self.suppress("b@x.org", .unsubscribed, at: at, tangle.store) }
            #expect(try tangle.store.rows("SELECT barred FROM contact") == ["1"])
            try tangle.undo(2)
            #expect(try tangle.store.rows("SELECT email_key, barred FROM contact") == ["a@x.org|\(barred)"])
        }
    }

    private func suppress(_ address: String, _ reason: SuppressionReason, at: Int64, _ store: TestStore) throws {
        try store.write { connection throws(StoreError) in
            let record = SuppressionRecord(
                channel: .email,
                address: Self.key.hash(address, on: .email),
                reason: reason,
                at: Timestamp(milliseconds: at),
                evidence: "",
                who: "w"
            )
            _ = try SuppressionStore(connection, key: Self.key).add(record, address: address)
        }
    }
}
