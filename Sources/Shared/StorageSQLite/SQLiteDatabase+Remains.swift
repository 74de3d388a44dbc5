package import Domain
import GRDB
import GRDBSQLite
package import Storage

/// What is left in a database file of rows that were deleted.
package struct Remains: Hashable, Sendable {
    /// Numbers of pages that have some in room that is not in use.
    package var pages: [Int] = []
    /// How many pages have a text that was looked for in what is in use.
    package var pagesInUse = 0

    package init() {}
}

/// How far a search through a database file came.
package struct RemainsCursor: Hashable, Sendable {
    fileprivate var next = 1

    package init() {}
}

extension SQLiteDatabase {
    /// Pages looked through in one step: a megabyte.
    package static let remainsStep = 256

    /// Empties the write-ahead log: everything is in the file itself then.
    ///
    /// On the writer only, between transactions.
    ///
    /// - Returns: Whether it is empty; not while anybody reads.
    /// - Throws: What SQLite says.
    package func emptyLog() throws(StoreError) -> Bool {
        try self.withHandle { handle throws(StoreError) in
            // Nobody is waited for: the loop has other things to do.
            sqlite3_busy_timeout(handle, 0)
            defer { sqlite3_busy_timeout(handle, Int32(SQLiteDatabase.busyMilliseconds)) }
            let code = sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
            guard code != SQLITE_BUSY, code != SQLITE_LOCKED else { return false }
            guard code == SQLITE_OK else { throw StoreError(code: code, on: handle) }
            return true
        }
    }

    /// Looks through some pages for what is left of deleted rows.
    ///
    /// On any connection; what a commit changes meanwhile may be missed.
    ///
    /// - Parameters:
    ///   - texts: What to look for; `nil`: everything that is not in use.
    ///   - cursor: Where it goes on.
    ///   - remains: Added to.
    /// - Returns: Whether there is more.
    /// - Throws: What SQLite says.
    package func findRemains(
        of texts: TextSearch?,
        from cursor: inout RemainsCursor,
        into remains: inout Remains
    ) throws(StoreError) -> Bool {
        let (start, known) = (cursor.next, remains)
        let found = try self.withPages { file throws(StoreError) in
            var found = known
            let end = min(file.pageCount, start + Self.remainsStep - 1)
            guard start <= end else { return (found, start) }
            let free = try file.freePages()
            for number in start...end {
                let page = try file.page(number)
                if let texts, !texts.occurs(in: page) { continue }
                let cleared = file.cleared(page, number, free: free)
                // A page of a long value is in use to its end, as far as can be told.
                if let texts, texts.occurs(in: cleared ?? page) { found.pagesInUse += 1 }
                if let cleared, cleared != page { found.pages.append(number) }
            }
            return (found, end + 1)
        }
        guard let found else { return false }
        remains = found.0
        let hasMore = found.1 > start
        cursor.next = found.1
        return hasMore
    }

    /// Clears what is not in use in some pages of the file.
    ///
    /// On the writer only, between transactions.
    ///
    /// - Parameter pages: As ``findRemains(of:from:into:)`` gave them; some hundred.
    /// - Returns: `false` when somebody reads: nothing was done, and it has to be tried again.
    /// - Throws: What SQLite says.
    package func clearRemains(in pages: some Sequence<Int> & Sendable) throws(StoreError) -> Bool {
        // While the log has pages, the file's own are not the newest.
        guard try self.emptyLog() else { return false }
        _ = try self.withPages { file throws(StoreError) in
            let free = try file.freePages()
            for number in pages where number <= file.pageCount {
                let page = try file.page(number)
                guard let cleared = file.cleared(page, number, free: free), cleared != page else { continue }
                try file.write(cleared, number)
            }
            try file.file.sync()
        }
        // SQLite's own copies of these pages would be written back with the next change to them.
        try self.withHandle { handle throws(StoreError) in
            let code = sqlite3_db_release_memory(handle)
            guard code == SQLITE_OK else { throw StoreError(code: code, on: handle) }
        }
        return true
    }

    private func withPages<Result>(
        _ body: (PagedFile) throws(StoreError) -> Result
    ) throws(StoreError) -> Result? {
        try self.withHandle { handle throws(StoreError) in
            guard let file = DatabaseFile(handle), let pages = try PagedFile(file) else { return nil }
            return try body(pages)
        }
    }
}
