import Domain
import Glibc
import Storage
import UserFiles

/// Forgets what is older than the configuration keeps it: found by readers, forgotten by the loop a bounded number at a time.
struct RetentionRun: Sendable {
    let settings: RetentionSettings
    let erasures: ErasureService
    let now: Timestamp

    /// Rows that the loop changes in one turn.
    private static let rowsAtOnce = 500
    /// Contacts that the loop deletes in one turn, with their messages.
    private static let contactsAtOnce = 20
    /// Contacts whose remains are cleared together.
    private static let contactsPerSweep = 2_000

    private var loop: CoordinatorLoop { self.erasures.loop }
    private var readers: ReaderPool { self.erasures.reads.readers }

    /// Forgets everything that is too old, and notes that in the audit.
    ///
    /// - Returns: What was forgotten since the last run that came to its end.
    /// - Throws: What the store or the disk says, or that the task was cancelled; what was forgotten by then is counted with the next run.
    func run() async throws -> RetentionTally {
        let replies = self.settings.repliesMilliseconds.map { self.now.advanced(byMilliseconds: -$0) }
        if let replies {
            try await self.forgetReplies(before: replies)
            try await self.forgetEvents(before: replies)
        }
        if let period = self.settings.rejectsMilliseconds {
            try await self.removeRejects(before: self.now.advanced(byMilliseconds: -period))
        }
        if let period = self.settings.contactsMilliseconds {
            try await self.deleteContacts(before: self.now.advanced(byMilliseconds: -period))
        }
        let now = self.now
        return try await self.loop.ask { core in
            let queries = RetentionQueries(core.connection)
            let tally = try queries.tally()
            if !tally.isEmpty { try core.audit("retention", on: tally.text, by: "coordinator") }
            try queries.noteRun(at: now, replies: replies)
            return tally
        }
    }

    private func forgetReplies(before time: Timestamp) async throws {
        let campaigns = try await self.readers.read { connection throws(StoreError) in
            try RetentionQueries(connection).campaigns(before: time)
        }
        for campaign in campaigns {
            let lanes = try await self.readers.read { connection throws(StoreError) in
                try LaneStore(connection).lanes(of: campaign)
            }
            for lane in lanes {
                for start in stride(from: 0, to: Int64(lane.audience), by: Int(RetentionQueries.window)) {
                    let found = try await self.readers.read { connection throws(StoreError) in
                        try RetentionQueries(connection).replies(
                            campaign: campaign,
                            lane: lane.lane,
                            from: start,
                            before: time
                        )
                    }
                    try await self.inTurns(found, of: Self.rowsAtOnce) { queries, rows throws(StoreError) in
                        try queries.forget(rows)
                        try queries.add(RetentionTally(replies: rows.count))
                    }
                }
            }
        }
    }

    private func forgetEvents(before time: Timestamp) async throws {
        var row: Int64? = 0
        while let from = row {
            let page = try await self.readers.read { connection throws(StoreError) in
                try RetentionQueries(connection).events(above: from, before: time)
            }
            try await self.inTurns(page.rows, of: Self.rowsAtOnce) { queries, rows throws(StoreError) in
                try queries.forgetDetails(ofEvents: rows)
                try queries.add(RetentionTally(events: rows.count))
            }
            row = page.last
        }
    }

    private func deleteContacts(before time: Timestamp) async throws {
        var row: Int64? = 0
        while let from = row {
            try Task.checkCancellation()
            let page = try await self.readers.read { connection throws(StoreError) in
                try RetentionQueries(connection).contacts(above: from, before: time)
            }
            for start in stride(from: 0, to: page.rows.count, by: Self.contactsPerSweep) {
                let contacts = page.rows[start..<min(page.rows.count, start + Self.contactsPerSweep)]
                try await self.delete(contacts.map { Contact.ID($0) }, before: time)
            }
            row = page.last
        }
    }

    /// Deletes contacts and clears what they leave; those that somebody had to do with meanwhile stay.
    private func delete(_ contacts: [Contact.ID], before time: Timestamp) async throws {
        let known = try await self.readers.read { connection throws(StoreError) in
            let erasure = ContactErasure(connection)
            var texts: Set<String> = []
            for contact in contacts { texts.formUnion(try erasure.traces(of: contact).texts) }
            return texts
        }
        // Before the contacts go: nobody would know afterwards for whom to look.
        _ = try await self.erasures.rejects.erase(known)
        _ = try await self.erasures.forgetAnswers(TextSearch(known), above: 0)
        var (texts, turns): (Set<String>, Int) = ([], 0)
        for start in stride(from: 0, to: contacts.count, by: Self.contactsAtOnce) {
            let some = Array(contacts[start..<min(contacts.count, start + Self.contactsAtOnce)])
            try Task.checkCancellation()
            let done = try await self.loop.ask { try $0.forget(some, untouchedSince: time) }
            guard done.count > 0 else { continue }
            texts.formUnion(done.texts)
            turns += 1
        }
        guard turns > 0 else { return }
        try await self.erasures.sweep.clear(texts)
        let ended = turns
        try await self.loop.write { connection throws(StoreError) in
            for _ in 0..<ended { try ErasureMark.end(on: connection) }
        }
    }

    private func removeRejects(before time: Timestamp) async throws {
        var old: [String] = []
        for one in try await self.erasures.reads.imports(limit: Int(Int32.max)) {
            guard let end = one.finishedAt, end < time, let number = ImportService.number(one.id) else { continue }
            let path = ImportService.rejectsPath(number, in: self.erasures.rejectsFolder)
            if access(path, F_OK) == 0 { old.append(path) }
        }
        // Files are no rows of the transaction that counts them: they are counted just before they go.
        try await self.inTurns(old, of: Self.rowsAtOnce) { queries, paths throws(StoreError) in
            try queries.add(RetentionTally(rejectFiles: paths.count))
        }
        for path in old where unlink(path) != 0 && errno != ENOENT { throw FileFault(path: path, code: errno) }
    }

    private func inTurns<Row: Sendable>(
        _ rows: [Row],
        of count: Int,
        _ work: @escaping @Sendable (RetentionQueries, [Row]) throws(StoreError) -> Void
    ) async throws {
        for start in stride(from: 0, to: rows.count, by: count) {
            try Task.checkCancellation()
            let some = Array(rows[start..<min(rows.count, start + count)])
            try await self.loop.write { connection throws(StoreError) in
                try work(RetentionQueries(connection), some)
            }
        }
    }
}

extension LoopCore {
    /// Deletes contacts that nobody had to do with; their addresses are not suppressed, and what stood against them stays.
    ///
    /// - Returns: How many there were, and how they could be recognised.
    func forget(
        _ contacts: [Contact.ID],
        untouchedSince time: Timestamp
    ) throws(StoreError) -> (count: Int, texts: Set<String>) {
        let erasure = ContactErasure(self.connection)
        var (count, texts): (Int, Set<String>) = (0, [])
        for contact in contacts {
            guard try RetentionQueries(self.connection).isForgotten(contact, before: time) else { continue }
            let traces = try erasure.traces(of: contact)
            try erasure.silence(try erasure.places(of: contact))
            let hashes = traces.keys.map { self.options.addressKey.hash($0, on: .email) }
            try self.suppressions.leaves(contact.rawValue, at: self.wall)
            try erasure.delete(contact, hashes: hashes, departures: false)
            self.withdrawn.insert(contact)
            texts.formUnion(traces.texts)
            count += 1
        }
        if count > 0 {
            try ErasureMark.begin(on: self.connection)
            try RetentionQueries(self.connection).add(RetentionTally(contacts: count))
        }
        return (count, texts)
    }
}
