import Domain
import Storage

/// Takes people out of the files of rejected rows, one pass after the other: two at once would undo each other's work.
///
/// Whoever comes while a pass is under way has the files read for all of them together, once more.
actor RejectSweep {
    private let reads: Reads
    private let folder: String
    private var waiting: [Waiting] = []
    private var isRunning = false

    /// What was found of somebody.
    struct Found: Hashable, Sendable {
        /// How many rows were emptied.
        var rows = 0
        /// Imports whose files are still being written, as in `i7`.
        var running: [String] = []
    }

    private struct Waiting {
        let texts: Set<String>
        let done: CheckedContinuation<Found, any Error>
    }

    init(reads: Reads, folder: String) {
        self.reads = reads
        self.folder = folder
    }

    /// Empties the rows that name somebody.
    ///
    /// - Parameter texts: Addresses, and digits of telephone numbers.
    /// - Returns: What was found.
    /// - Throws: What the store or the disk says.
    func erase(_ texts: Set<String>) async throws -> Found {
        try await withCheckedThrowingContinuation { done in
            self.waiting.append(Waiting(texts: texts, done: done))
            guard !self.isRunning else { return }
            self.isRunning = true
            Task { await self.run() }
        }
    }

    private func run() async {
        while !self.waiting.isEmpty {
            let group = self.waiting
            self.waiting.removeAll()
            do {
                let found = try await self.pass(group.map(\.texts))
                for (one, found) in zip(group, found) { one.done.resume(returning: found) }
            } catch {
                for one in group { one.done.resume(throwing: error) }
            }
        }
        self.isRunning = false
    }

    private func pass(_ people: [Set<String>]) async throws -> [Found] {
        var found = people.map { _ in Found() }
        for one in try await self.reads.imports(limit: Int(Int32.max)) {
            // Of one that a stop cut off, rows may be in the file that were never counted.
            if one.state == ImportState.running.rawValue {
                for index in found.indices { found[index].running.append(one.id) }
            } else if let number = ImportService.number(one.id) {
                let rows = try RejectErasure.erase(people, in: ImportService.rejectsPath(number, in: self.folder))
                for (index, rows) in rows.enumerated() { found[index].rows += rows }
            }
        }
        return found
    }
}
