import Domain
import Intake
import NIOCore
import Storage

/// Reads a table of addresses that must not be written to, and has them suppressed in bounded steps.
struct SuppressionImport: Sendable {
    let loop: CoordinatorLoop
    let channel: SuppressionChannel
    let reason: SuppressionReason
    let who: String
    /// Its name stands as evidence, with the line.
    let file: String

    /// Addresses of one turn of the loop: a few milliseconds.
    static let chunkRows = 250

    /// Reads the file to its end, and returns once all of it is committed.
    func run(_ body: some AsyncSequence<ByteBuffer, any Error> & Sendable) async throws -> SuppressionImportAnswer {
        let table = ContactTable(knownFields: [])
        var batch = DecodedRows()
        var answer = SuppressionImportAnswer(rows: 0, added: 0, known: 0, rejected: 0, firstRejects: [])
        do {
            for try await piece in body {
                piece.withUnsafeReadableBytes { table.push($0) }
                while try table.read(into: &batch) { try await self.take(batch, &answer) }
            }
            table.finish()
            while try table.read(into: &batch) { try await self.take(batch, &answer) }
        } catch let problems as Diagnostics {
            throw OperationError.invalid(
                problems.diagnostics.map { diagnostic in
                    var placed = diagnostic
                    placed.file = self.file
                    return placed
                }
            )
        }
        guard answer.added + answer.known > 0 else {
            throw OperationError.invalid([Diagnostic(file: self.file, "none of its \(answer.rows) rows could be used")])
        }
        return answer
    }

    private func take(_ batch: DecodedRows, _ answer: inout SuppressionImportAnswer) async throws {
        answer.rows += batch.rowCount
        var rejects = batch.rejects.map {
            ImportAnswer.Reject(line: $0.line, column: $0.column, reason: $0.reason)
        }
        var addresses: [(key: String, line: Int)] = []
        for row in 0..<batch.count {
            if let address = batch.emailAddress(row: row) {
                addresses.append((address.key, batch.lines[row]))
            } else {
                rejects.append(.init(line: batch.lines[row], column: 0, reason: "no e-mail address"))
            }
        }
        answer.rejected += rejects.count
        answer.firstRejects += rejects.prefix(ImportAnswer.firstRejectsMax - answer.firstRejects.count)
        for start in stride(from: 0, to: addresses.count, by: Self.chunkRows) {
            let chunk = Array(addresses[start..<min(addresses.count, start + Self.chunkRows)])
            let added = try await self.write(chunk)
            answer.added += added
            answer.known += chunk.count - added
        }
    }

    private func write(_ chunk: [(key: String, line: Int)]) async throws -> Int {
        let (channel, reason, who, file) = (self.channel, self.reason, self.who, self.file)
        return try await self.loop.ask { core in
            var added = 0
            for (key, line) in chunk {
                let evidence = "\(file.prefix(200)):\(line)"
                let done = try core.suppress(key, on: channel, reason: reason, evidence: evidence, by: who)
                if done.isNew { added += 1 }
            }
            return added
        }
    }
}
