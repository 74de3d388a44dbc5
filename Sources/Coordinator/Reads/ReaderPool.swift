import Dispatch
import Domain
import Storage
import StorageSQLite
import Synchronization

/// Read-only connections to the store, each with a thread of its own, for whatever is asked from outside the loop.
///
/// Reads never wait for the loop nor the loop for them. Each read has a budget: one that ran longer would keep the write-ahead log
/// from being used again, which then grows for as long as the read lasts.
actor ReaderPool {
    /// Longest read.
    ///
    /// Long questions are asked in windows, each a read of its own.
    static let budgetMilliseconds = 2_000
    /// Readers: as many as small machines have processors.
    static let readersMax = 2
    /// Reads waiting for a reader; more are answered with an error at once rather than late.
    static let waitingMax = 256

    private var idle: [Reader]
    private var waiting: [CheckedContinuation<Reader, Never>] = []
    private let all: [Reader]

    /// Opens the readers.
    ///
    /// - Parameters:
    ///   - path: Of the coordinator's store, which its writer has made.
    ///   - count: Readers, at least 1.
    /// - Throws: What opening the file throws.
    init(path: String, count: Int = readersMax) throws(StoreError) {
        var readers: [Reader] = []
        for index in 0..<max(1, count) { readers.append(try Reader(path: path, index: index)) }
        self.all = readers
        self.idle = readers
    }

    /// Runs a read on a reader's thread.
    ///
    /// - Parameter work: Reads only.
    /// - Returns: What `work` returned.
    /// - Throws: ``StoreError/interrupted(_:)`` past the budget, ``StoreError/busy(_:)`` when too many wait.
    func read<Result: Sendable>(
        _ work: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let reader = try await self.take()
        defer { self.give(reader) }
        return try await reader.read(work)
    }

    /// Runs a read of the file itself, past SQLite, on a reader's thread.
    func withFile<Result: Sendable>(
        _ work: @escaping @Sendable (SQLiteDatabase) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let reader = try await self.take()
        defer { self.give(reader) }
        return try await reader.withFile(work)
    }

    /// Runs something while no read is under way: the write-ahead log can be emptied then.
    ///
    /// - Parameter work: Some milliseconds; reads that come meanwhile wait. One caller at a time.
    /// - Returns: Its result.
    /// - Throws: What it throws, or that too many wait for a reader.
    func alone<Result: Sendable>(_ work: @Sendable () async throws -> Result) async throws -> Result {
        var taken: [Reader] = []
        defer { for reader in taken { self.give(reader) } }
        while taken.count < self.all.count { taken.append(try await self.take()) }
        return try await work()
    }

    /// Closes the readers.
    ///
    /// No read may be under way or follow; to be called before the writer closes.
    func close() throws(StoreError) {
        for reader in self.all { try reader.close() }
    }

    private func take() async throws(StoreError) -> Reader {
        if let reader = self.idle.popLast() { return reader }
        guard self.waiting.count < Self.waitingMax else {
            throw StoreError.busy("\(Self.waitingMax) other questions are waiting already")
        }
        return await withCheckedContinuation { self.waiting.append($0) }
    }

    private func give(_ reader: Reader) {
        if self.waiting.isEmpty {
            self.idle.append(reader)
        } else {
            self.waiting.removeFirst().resume(returning: reader)
        }
    }
}

/// One connection and the thread that uses it.
private final class Reader: Sendable {
    private let database: SQLiteDatabase
    private let queue: DispatchQueue
    /// Number of the read under way, 0 for none: a timer that fires late must not hit the read after its own.
    private let current = Mutex<UInt64>(0)
    private let timers: DispatchQueue

    init(path: String, index: Int) throws(StoreError) {
        self.database = try SQLiteDatabase(path: path, profile: .reader, applicationID: Schema.ledgerID)
        self.queue = DispatchQueue(label: "postrider.reader.\(index)")
        self.timers = DispatchQueue(label: "postrider.reader.\(index).timer")
    }

    func read<Result: Sendable>(
        _ work: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let outcome = await withCheckedContinuation {
            (done: CheckedContinuation<Swift.Result<Result, StoreError>, Never>) in
            self.queue.async {
                let watch = self.startWatch()
                let outcome: Swift.Result<Result, StoreError>
                do throws(StoreError) {
                    outcome = .success(try self.database.access(work))
                } catch {
                    outcome = .failure(error)
                }
                self.current.withLock { $0 = 0 }
                watch.cancel()
                done.resume(returning: outcome)
            }
        }
        return try outcome.get()
    }

    func withFile<Result: Sendable>(
        _ work: @escaping @Sendable (SQLiteDatabase) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let outcome = await withCheckedContinuation {
            (done: CheckedContinuation<Swift.Result<Result, StoreError>, Never>) in
            self.queue.async {
                do throws(StoreError) {
                    done.resume(returning: .success(try work(self.database)))
                } catch {
                    done.resume(returning: .failure(error))
                }
            }
        }
        return try outcome.get()
    }

    func close() throws(StoreError) { try self.database.close() }

    /// Interrupts the read when it is still the same one after the budget.
    private func startWatch() -> DispatchWorkItem {
        let number = DispatchTime.now().uptimeNanoseconds
        self.current.withLock { $0 = number }
        let watch = DispatchWorkItem {
            self.current.withLock { current in
                // Under the lock, so that the read cannot end and another begin in between.
                if current == number { self.database.interrupt() }
            }
        }
        self.timers.asyncAfter(deadline: .now() + .milliseconds(ReaderPool.budgetMilliseconds), execute: watch)
        return watch
    }
}
