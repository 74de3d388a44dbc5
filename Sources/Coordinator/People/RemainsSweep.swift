import Domain
import Storage
import StorageSQLite
import Telemetry

/// Clears what deleted rows left in the database file.
///
/// The file is read beside the loop, a megabyte at a time; only pages in which something was found are the loop's work, a bounded number
/// between two turns. Whoever comes while the file is read has it read for all of them together, once more.
actor RemainsSweep {
    private let loop: CoordinatorLoop
    private let readers: ReaderPool
    private var waiting: [Waiting] = []
    private var isRunning = false
    private var isStopping = false
    private var stopped: [CheckedContinuation<Void, Never>] = []

    /// Pages that the loop clears between two turns: about a millisecond, and one wait for the disk.
    private static let pagesAtOnce = 64
    /// Times that the file is read before something is taken to come again and again.
    private static let roundsMax = 8
    /// How often an empty write-ahead log is tried for; a program of somebody else's may be reading.
    private static let logTriesMax = 100
    private static let logPause = Duration.milliseconds(50)
    /// Texts looked for at once.
    private static let textsMax = 10_000
    /// How long the first one waits for company: a pass reads the whole file, whether for one person or for a thousand.
    private static let gather = Duration.milliseconds(50)

    private struct Waiting {
        /// `nil`: everything that is not in use.
        let texts: Set<String>?
        let done: CheckedContinuation<Void, any Error>
    }

    init(loop: CoordinatorLoop, readers: ReaderPool) {
        self.loop = loop
        self.readers = readers
    }

    /// Clears what is left of texts whose rows were deleted.
    ///
    /// - Parameter texts: Those of one person; `nil`: clears everything that is not in use.
    /// - Throws: What the store says, or that somebody reads without end.
    func clear(_ texts: Set<String>?) async throws {
        guard !self.isStopping else { throw Self.stopping }
        try await withCheckedThrowingContinuation { done in
            self.waiting.append(Waiting(texts: texts, done: done))
            guard !self.isRunning else { return }
            self.isRunning = true
            Task { await self.run() }
        }
    }

    /// Ends what is under way, and takes nothing more; to be called before the readers are closed.
    func stop() async {
        self.isStopping = true
        guard self.isRunning else { return }
        await withCheckedContinuation { self.stopped.append($0) }
    }

    private static let stopping = OperationError.unavailable(
        "the coordinator is stopping; it clears what was deleted when it is back"
    )

    private func run() async {
        while !self.waiting.isEmpty {
            if !self.isStopping { try? await Task.sleep(for: Self.gather) }
            guard let first = self.waiting.first else { break }
            var (group, texts) = ([first], first.texts)
            self.waiting.removeFirst()
            while let next = self.waiting.first, let more = next.texts, let known = texts, known.count < Self.textsMax {
                group.append(next)
                texts = known.union(more)
                self.waiting.removeFirst()
            }
            await self.serve(group, texts)
        }
        self.isRunning = false
        for one in self.stopped { one.resume() }
        self.stopped.removeAll()
    }

    private func serve(_ group: [Waiting], _ texts: Set<String>?) async {
        do {
            try await self.clearAll(texts)
            for one in group { one.done.resume() }
        } catch {
            for one in group { one.done.resume(throwing: error) }
        }
    }

    private func clearAll(_ texts: Set<String>?) async throws {
        let search = texts.map { TextSearch($0) }
        if let search, search.isEmpty { return }
        try await self.quietly { database throws(StoreError) in try database.emptyLog() }
        for _ in 0..<Self.roundsMax {
            let remains = try await self.remains(search)
            guard !remains.pages.isEmpty else { return }
            for start in stride(from: 0, to: remains.pages.count, by: Self.pagesAtOnce) {
                guard !self.isStopping else { throw Self.stopping }
                let pages = Array(remains.pages[start..<min(remains.pages.count, start + Self.pagesAtOnce)])
                CrashPoint.reach(.e02Clearing)
                try await self.quietly { database throws(StoreError) in try database.clearRemains(in: pages) }
            }
            // All that is not in use is a moving target, and was gone through.
            if search == nil { return }
        }
        throw OperationError.unavailable("what was deleted could not be cleared from the database file; try again")
    }

    private func remains(_ search: TextSearch?) async throws -> Remains {
        var (cursor, remains) = (RemainsCursor(), Remains())
        var hasMore = true
        while hasMore {
            guard !self.isStopping else { throw Self.stopping }
            let (from, known) = (cursor, remains)
            (hasMore, cursor, remains) = try await self.readers.withFile { database throws(StoreError) in
                var (next, found) = (from, known)
                let more = try database.findRemains(of: search, from: &next, into: &found)
                return (more, next, found)
            }
        }
        return remains
    }

    /// Does something between two turns, while no read of ours is under way, until it could be done.
    private func quietly(
        _ work: @escaping @Sendable (SQLiteDatabase) throws(StoreError) -> Bool
    ) async throws {
        for _ in 0..<Self.logTriesMax {
            let isDone = try await self.readers.alone { try await self.loop.between(work) }
            if isDone { return }
            try await Task.sleep(for: Self.logPause)
        }
        throw OperationError.unavailable("another program reads the database without end; end it, and try again")
    }
}
