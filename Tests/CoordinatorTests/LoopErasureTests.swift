import Domain
import Storage
import StorageSQLite
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: erasing people")
struct LoopErasureTests {
    private func erase(_ contact: Int64?, asked key: String, _ bench: LoopBench) throws {
        try bench.command { core in
            var asked = ContactErasure.Traces()
            asked.add(key: key, text: key.uppercased())
            let id = contact.map { Contact.ID($0) }
            let start = try core.beginErasure(of: id, asked: asked, by: "ann")
            try ContactErasure(core.connection).silence(start.places)
            if let id { try core.endErasure(of: id, start) }
        }
    }

    @Test("what a worker has for whoever is erased is withdrawn, and never granted again")
    func withdrawn() throws {
        let bench = try LoopBench()
        try bench.addContacts(4)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.lastGrant)
        try self.erase(2, asked: "p2@example.org", bench)
        #expect(worker.withdrawn == ["\(grant.epoch & 0xFFFF_FFFF)/1"])
        try bench.turn([worker.report(.returned, of: grant, only: 1..<2)])
        bench.advance(LoopLimits.returnedMilliseconds)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(try bench.targets(id).map(\.reason) == ["", "erased", "", ""])
    }

    @Test("of whoever is erased nothing is left but a hash; who did it stands in the audit, whom it was about does not")
    func everythingGoes() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        try bench.execute(
            """
            UPDATE contact SET phone = '+15155550100' WHERE id = 2;
            INSERT INTO list (id, name) VALUES (7, 'news'); INSERT INTO list_member (list, contact) VALUES (7, 2);
            INSERT INTO import (id, file, state, started_at) VALUES (1, 'a.csv', 'finished', 0);
            INSERT INTO import_joined (import, contact) VALUES (1, 2);
            INSERT INTO contact_before (import, id, email, email_key, created_at, updated_at, consent)
                VALUES (1, 2, 'Old@example.org', 'old@example.org', 0, 0, 0);
            INSERT INTO contact_alias (key, contact, import, at)
                VALUES ('older@example.org', 2, 1, 0), ('id:van:7', 2, 1, 0), ('tel:5155550101', 2, 1, 0);
            INSERT INTO source (id, name, basis, file, at) VALUES (1, 's', 'consent', 'a.csv', 0);
            INSERT INTO contact_source (contact, source, import, at) VALUES (2, 1, 1, 0);
            INSERT INTO event (at, kind, channel, contact, source, reason, detail, once)
                VALUES (0, 'bounced', 'email', 2, 'dsn', 'mailbox', 'they moved', 'x');
            """
        )
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.lastGrant)
        try bench.turn([worker.report(.bounced, of: grant, only: 1..<2)])
        try bench.execute("UPDATE ledger SET code = 550, text = 'p2 is unknown' WHERE position = 1")
        try self.erase(2, asked: "p2@example.org", bench)
        for table in [
            "contact WHERE id = 2", "list_member WHERE contact = 2", "import_joined", "contact_before",
            "contact_source", "contact_alias",
            "event WHERE detail <> ''", "ledger WHERE position = 1 AND text IS NOT NULL",
            "suppression WHERE evidence <> '' OR contact IS NOT NULL",
        ] {
            #expect(try bench.integer("SELECT count(*) FROM \(table)") == 0, "\(table)")
        }
        // The addresses that it had once must not be written to, either.
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE reason = 'erased'") == 3)
        #expect(try bench.integer("SELECT count(*) FROM ledger WHERE position = 1 AND code = 550") == 1)
        #expect(try bench.integer("SELECT count(*) FROM event WHERE contact = 2") == 1)
        #expect(try bench.status(id).counts.bounced == 1)
        #expect(try bench.integer("SELECT count(*) FROM audit WHERE act = 'erase' AND who = 'ann'") == 1)
        #expect(try bench.integer("SELECT count(*) FROM audit WHERE subject LIKE '%@%'") == 0)
        // Its number is nobody else's.
        let next = try bench.database.access { connection throws(StoreError) in try ContactIDs(connection).next() }
        #expect(next == 4)
    }

    @Test("an address that nobody has is suppressed all the same")
    func nobody() throws {
        let bench = try LoopBench()
        try self.erase(nil, asked: "nobody@example.org", bench)
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE reason = 'erased'") == 1)
    }

    @Test("addresses in operators' own words are hashes in the audit")
    func words() throws {
        let bench = try LoopBench()
        try bench.command { core in
            try core.audit("x", on: "asked by Ann <ann@example.org>, as bob@example.org. And a@@b.", by: "t")
        }
        let key = bench.options.addressKey
        let (ann, bob) = (key.hash("ann@example.org", on: .email), key.hash("bob@example.org", on: .email))
        let expected = "asked by Ann <email \(ann.text)>, as email \(bob.text). And (address)."
        #expect(try bench.integer("SELECT count(*) FROM audit WHERE subject = '\(expected)'") == 1)
    }

    @Test(
        "contacts that nobody had to do with for long enough are forgotten, others and what stands against them are not"
    )
    func retention() throws {
        let bench = try LoopBench()
        try bench.addContacts(6)
        let old = bench.wall.advanced(byMilliseconds: -1_000)
        try bench.execute(
            """
            UPDATE contact SET updated_at = \(old.milliseconds - 1);
            UPDATE contact SET consent = 1 WHERE id = 2; UPDATE contact SET updated_at = \(old.milliseconds) WHERE id = 3;
            DELETE FROM list_member;
            INSERT INTO list (id, name) VALUES (7, 'news'); INSERT INTO list_member (list, contact) VALUES (7, 4);
            """
        )
        try bench.command { core in
            try core.suppress("p5@example.org", reason: .unsubscribed, evidence: "x", by: "t")
        }
        let found = try bench.database.access { connection throws(StoreError) in
            try RetentionQueries(connection).contacts(above: 0, before: old)
        }
        #expect(found.rows == [1, 5, 6] && found.last == 6)
        // Somebody puts one of them on a list before it is deleted.
        try bench.execute("INSERT INTO list_member (list, contact) VALUES (7, 6)")
        try bench.command { core in
            let done = try core.forget(found.rows.map { Contact.ID($0) }, untouchedSince: old)
            #expect(done.count == 2 && done.texts.contains("p1@example.org"))
        }
        #expect(try bench.integer("SELECT group_concat(id) = '2,3,4,6' FROM contact") == 1)
        #expect(
            try bench.integer("SELECT count(*) FROM suppression WHERE reason = 'unsubscribed' AND contact IS NULL") == 1
        )
    }

    @Test("nobody of a campaign that is not over is forgotten, nor whoever was written to lately")
    func retentionAndCampaigns() throws {
        let bench = try LoopBench()
        try bench.addContacts(2)
        try bench.execute("UPDATE contact SET updated_at = 0")
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        func old(_ ago: Int64) throws -> [Int64] {
            let time = bench.wall.advanced(byMilliseconds: -ago)
            return try bench.database.access { connection throws(StoreError) in
                try RetentionQueries(connection).contacts(above: 0, before: time).rows
            }
        }
        try bench.execute("DELETE FROM list_member")
        bench.advance(10_000)
        #expect(try old(0) == [])
        try bench.turn([worker.report(.accepted, of: try #require(worker.lastGrant))])
        #expect(try old(10_000) == [])
        bench.advance(10_000)
        #expect(try old(5_000) == [1, 2])
    }
}
