import Domain
import Foundation
import Logging
import Storage
import Synchronization
import Testing
import UserFiles

@testable import CoordinatorCore

@Suite("Keeping no longer than needed: the daily service")
struct RetentionServiceTests {
    private static let day: Int64 = 86_400_000
    /// Far from the machine's own time.
    private static let noon = Timestamp(milliseconds: 2_000_000_000_000)

    /// The wall clock of the service.
    private final class Clock: Sendable {
        private let time = Mutex(noon)

        var now: Timestamp { self.time.withLock { $0 } }
        func advance(_ milliseconds: Int64) { self.time.withLock { $0 = $0.advanced(byMilliseconds: milliseconds) } }
    }

    private static let settings = {
        var settings = RetentionSettings()
        settings.repliesMilliseconds = 90 * day
        settings.rejectsMilliseconds = 30 * day
        settings.contactsMilliseconds = 365 * day
        return settings
    }()

    private func service(_ live: LiveLoop, _ clock: Clock, _ settings: RetentionSettings = settings) -> RetentionService
    {
        RetentionService(
            settings: settings,
            erasures: live.erasures,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            now: { clock.now }
        )
    }

    /// People, messages, events and imports of which some are just old enough and others miss it by a millisecond.
    private func fill(_ live: LiveLoop, _ folder: LiveFolder) async throws {
        let (contacts, replies, rejects) = (
            Self.noon.milliseconds - 365 * Self.day, Self.noon.milliseconds - 90 * Self.day,
            Self.noon.milliseconds - 30 * Self.day
        )
        try await live.execute(
            """
            WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8)
            INSERT INTO contact (id, email, email_key, domain, created_at, updated_at)
                SELECT i, 'p' || i || '@example.org', 'p' || i || '@example.org', 'example.org', 0, \(contacts) - 1 FROM n;
            UPDATE contact SET updated_at = \(contacts) WHERE id = 2;
            UPDATE contact SET consent = 1 WHERE id = 3;
            INSERT INTO list (id, name) VALUES (7, 'news'); INSERT INTO list_member (list, contact) VALUES (7, 4);

            -- c1 is over; c2 runs; c3 is over, and wrote to somebody lately.
            INSERT INTO campaign (id, name, state, channel, relay, file, content, files, digest, submitted_by, submitted_at,
                started_at, finished_at, frozen) VALUES
                (1, 'a', 'finished', 'email', 'main', '', '', '', '', 'a', 0, 1, \(replies), 1),
                (2, 'b', 'paused', 'email', 'main', '', '', '', '', 'a', 0, 1, NULL, 1),
                (3, 'c', 'finished', 'email', 'main', '', '', '', '', 'a', 0, 1, \(contacts), 1);
            INSERT INTO lane (campaign, lane, site, tail, audience, accepted) VALUES
                (1, 0, 's', 0, 2, 2), (2, 0, 's', 0, 1, 0), (3, 0, 's', 0, 1, 1);
            INSERT INTO target (campaign, lane, position, contact, state, at, epoch) VALUES
                (1, 0, 0, 1, 1, 5, 1), (1, 0, 1, 2, 1, 5, 1), (2, 0, 0, 5, 0, 5, 0), (3, 0, 0, 6, 1, \(contacts), 1);
            INSERT INTO ledger (campaign, lane, position, epoch, outcome, at, code, text) VALUES
                (1, 0, 0, 1, 1, \(replies) - 1, 250, 'old words'), (1, 0, 1, 1, 1, \(replies), 250, 'new words');
            INSERT INTO event (at, kind, channel, contact, source, reason, detail, once) VALUES
                (\(replies) - 1, 'bounced', 'email', 1, 'dsn', 'mailbox', 'old detail', 'x'),
                (\(replies), 'bounced', 'email', 2, 'dsn', 'mailbox', 'new detail', 'y');
            INSERT INTO import (id, file, state, started_at, finished_at, rejected) VALUES
                (1, 'a.csv', 'finished', 0, \(rejects) - 1, 1), (2, 'b.csv', 'finished', 0, \(rejects), 1),
                (3, 'c.csv', 'finished', 0, \(rejects) - 1, 0);
            """
        )
        for id: Int64 in [1, 2] {
            let rows =
                "line,column,reason,row\r\n3,1,broken,\"p7@example.org,x\"\r\n4,1,broken,\"p3@example.org,x\"\r\n"
            try Data(rows.utf8).write(to: self.rejects(id, folder))
        }
        try await live.execute(
            """
            INSERT INTO request (caller, key, digest, at, status, answer) VALUES
                ('ann', 'a', '', 0, 200, CAST('{"reason":"p8@example.org is known"}' AS BLOB)),
                ('ann', 'b', '', 0, 200, CAST('{"reason":"p3@example.org is known"}' AS BLOB))
            """
        )
    }

    private func rejects(_ id: Int64, _ folder: LiveFolder) -> URL {
        URL(fileURLWithPath: ImportService.rejectsPath(id, in: folder.rejects))
    }

    private func rejectFiles(_ folder: LiveFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.rejects).sorted()
    }

    private func audit(_ live: LiveLoop) async throws -> [String] {
        try await live.texts("SELECT subject FROM audit WHERE act = 'retention' AND who = 'coordinator' ORDER BY id")
    }

    private func contacts(_ live: LiveLoop) async throws -> [String] {
        try await live.texts("SELECT CAST(id AS TEXT) FROM contact ORDER BY id")
    }

    @Test("what is older than its period goes, to the millisecond, and the audit tells how much; the rest stays")
    func periods() async throws {
        let folder = try LiveFolder()
        let clock = Clock()
        try await folder.run { live async throws -> Void in
            try await self.fill(live, folder)
            await self.service(live, clock).runIfDue()
            #expect(try await self.contacts(live) == ["2", "3", "4", "5", "6"])
            #expect(try await live.texts("SELECT text FROM ledger WHERE text IS NOT NULL") == ["new words"])
            #expect(try await live.integer("SELECT count(*) FROM ledger WHERE code = 250") == 2)
            #expect(try await live.texts("SELECT detail FROM event WHERE detail <> ''") == ["new detail"])
            #expect(try await live.integer("SELECT count(*) FROM event") == 2)
            #expect(try self.rejectFiles(folder).count == 1)
            #expect(FileManager.default.fileExists(atPath: self.rejects(2, folder).path))
            #expect(try await self.audit(live) == ["3 contacts, 1 replies, 1 events, 1 reject files"])
            // Who went is not barred: somebody may come back on their own.
            #expect(try await live.integer("SELECT count(*) FROM suppression") == 0)
        }
        // As if erased: also out of a reject file that is kept, and of stored answers; others stay there.
        let rejected = try String(contentsOf: self.rejects(2, folder), encoding: .utf8)
        #expect(!rejected.contains("p7@example.org") && rejected.contains("p3@example.org"))
        // Nor is anything of them left in the room between rows.
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.store))
        for text in ["p1@example.org", "p7@example.org", "p8@example.org", "old words", "old detail"] {
            #expect(bytes.range(of: Data(text.utf8)) == nil, "\(text)")
        }
        #expect(bytes.range(of: Data("p3@example.org is known".utf8)) != nil)
    }

    @Test("it is done once a day, also when the coordinator starts again in between")
    func daily() async throws {
        let folder = try LiveFolder()
        let clock = Clock()
        try await folder.run { live async throws -> Void in
            try await self.fill(live, folder)
            let service = self.service(live, clock)
            await service.runIfDue()
            #expect(try await self.audit(live).count == 1)
            clock.advance(1)
            await service.runIfDue()
            #expect(try await self.contacts(live).contains("2"))
        }
        clock.advance(Self.day - 2)
        try await folder.run { live async throws -> Void in
            let service = self.service(live, clock)
            await service.runIfDue()
            #expect(try await self.contacts(live).contains("2"))
            #expect(try await self.audit(live).count == 1)
            clock.advance(1)
            await service.runIfDue()
            #expect(try await self.contacts(live) == ["3", "4", "5"])
            #expect(
                try await self.audit(live) == [
                    "3 contacts, 1 replies, 1 events, 1 reject files",
                    "2 contacts, 1 replies, 1 events, 1 reject files",
                ]
            )
            // A day on which there is nothing to forget is none for the audit.
            clock.advance(Self.day)
            await service.runIfDue()
            #expect(try await self.audit(live).count == 2)
            let last = try await live.reads.readers.read { connection throws(StoreError) in
                try RetentionQueries(connection).lastRun()
            }
            #expect(last == clock.now)
        }
    }

    @Test("a run that fails is done again, and the audit tells of all that both forgot")
    func failure() async throws {
        let folder = try LiveFolder()
        let clock = Clock()
        try await folder.run { live async throws -> Void in
            try await self.fill(live, folder)
            // What cannot be removed as a file.
            let path = self.rejects(1, folder).path
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            await self.service(live, clock).runIfDue()
            #expect(try await live.integer("SELECT count(*) FROM ledger WHERE text IS NOT NULL") == 1)
            #expect(try await self.contacts(live).count == 8)
            #expect(try await self.audit(live) == [])
            try FileManager.default.removeItem(atPath: path)
        }
        try await folder.run { live async throws -> Void in
            clock.advance(600_000)
            await self.service(live, clock).runIfDue()
            // By now those are old enough that missed it by a millisecond.
            #expect(try await self.audit(live) == ["5 contacts, 2 replies, 2 events, 2 reject files"])
        }
    }

    @Test("while an audience is being frozen nobody goes, since whoever belongs to it may not be a target yet")
    func freezing() async throws {
        let folder = try LiveFolder()
        try await folder.run { live async throws -> Void in
            try await self.fill(live, folder)
            let query = { () async throws -> [Int64] in
                try await live.reads.readers.read { connection throws(StoreError) in
                    try RetentionQueries(connection).contacts(above: 0, before: Self.noon).rows
                }
            }
            #expect(try await query() == [1, 2, 6, 7, 8])
            try await live.execute("UPDATE campaign SET frozen = 0 WHERE id = 2")
            #expect(try await query() == [])
        }
    }

    @Test("without periods nothing is forgotten, and what has none is kept")
    func kept() async throws {
        let folder = try LiveFolder()
        let clock = Clock()
        try await folder.run { live async throws -> Void in
            try await self.fill(live, folder)
            var settings = RetentionSettings()
            settings.rejectsMilliseconds = 30 * Self.day
            await self.service(live, clock, settings).runIfDue()
            #expect(try await self.audit(live) == ["0 contacts, 0 replies, 0 events, 1 reject files"])
            #expect(try await self.contacts(live).count == 8)
        }
    }
}
