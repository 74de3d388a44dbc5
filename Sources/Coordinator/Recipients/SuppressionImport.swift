import Domain
import Intake
import NIOCore
import Storage

/// Reads a table of addresses that must not be written to, and has them suppressed in bounded steps.
///
/// A packed file is looked through before anything of it comes in. The audit has the beginning with the first addresses, and the end with
/// what came of it.
struct SuppressionImport: Sendable {
    let loop: CoordinatorLoop
    let channel: SuppressionChannel
    let reason: SuppressionReason
    let who: String
    /// Its name stands as evidence, with the line.
    let file: String
    /// Where an archive is kept while it is looked through.
    let scratchFolder: String

    /// Addresses of one turn of the loop: a few milliseconds.
    static let chunkRows = 250

    private typealias Answer = SuppressionImportAnswer

    /// Reads the file to its end, and returns once all of it is committed.
    ///
    /// - Throws: ``OperationError/invalid(_:)`` when it is no table, damaged, a trap, or none of its rows could be used.
    func run(_ body: some AsyncSequence<ByteBuffer, any Error> & Sendable) async throws -> SuppressionImportAnswer {
        let body = DigestingBody(body)
        var answer = Answer()
        do {
            try await self.read(body, &answer)
            try await self.end("suppress_import_end", answer, digest: body.digest)
        } catch {
            // Also when whoever sends the file is gone: what came in before stays.
            let (done, digest) = (answer, body.digest)
            await Task { try? await self.end("suppress_import_abort", done, digest: digest) }.value
            throw ImportService.translated(error, file: self.file)
        }
        guard answer.added + answer.known > 0 else {
            throw OperationError.invalid(self.whyNothing(answer))
        }
        return answer
    }

    private func whyNothing(_ answer: SuppressionImportAnswer) -> [Diagnostic] {
        guard !answer.firstRejects.isEmpty else { return [Diagnostic(file: self.file, "there is no address in it")] }
        return [Diagnostic(file: self.file, "none of the \(answer.rows) rows could be used")]
            + answer.firstRejects.map {
                Diagnostic(.error, file: self.file, line: $0.line, column: $0.column, $0.reason)
            }
    }

    private func read(
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        _ answer: inout SuppressionImportAnswer
    ) async throws {
        var packed = PackedFile(folder: self.scratchFolder)
        let (table, unpacker) = (SuppressionTable(self.channel), Unpacker())
        for try await piece in body {
            guard let piece = try packed.take(piece) else { continue }
            try await self.take(piece, unpacker, table, &answer)
        }
        switch try packed.finish() {
        case .nothing: break
        case .bytes(let bytes): try await self.take(bytes, unpacker, table, &answer)
        case .archive(let file):
            var offset = 0
            while case let bytes = try file.read(at: offset), !bytes.isEmpty {
                offset += bytes.count
                try await self.take(ByteBuffer(bytes: bytes), unpacker, table, &answer)
            }
        }
        do throws(Diagnostic) { try unpacker.finish() } catch { throw Diagnostics([error]) }
        try await self.unpack(unpacker, table, &answer)
        table.finish()
        try await self.takeRows(of: table, &answer)
        answer.passedColumns = table.passedColumns
    }

    private func take(
        _ piece: ByteBuffer,
        _ unpacker: Unpacker,
        _ table: SuppressionTable,
        _ answer: inout SuppressionImportAnswer
    ) async throws {
        piece.withUnsafeReadableBytes { unpacker.push($0) }
        try await self.unpack(unpacker, table, &answer)
    }

    private func unpack(
        _ unpacker: Unpacker,
        _ table: SuppressionTable,
        _ answer: inout SuppressionImportAnswer
    ) async throws {
        while true {
            do throws(Diagnostic) {
                guard try unpacker.next({ table.push($0) }) else { return }
            } catch {
                throw Diagnostics([error])
            }
            try await self.takeRows(of: table, &answer)
        }
    }

    private func takeRows(of table: SuppressionTable, _ answer: inout SuppressionImportAnswer) async throws {
        while true {
            let batch: SuppressionTable.Batch?
            do throws(Diagnostic) { batch = try table.read() } catch { throw Diagnostics([error]) }
            guard let batch else { return }
            answer.rows += batch.rows
            answer.add(batch.rejects)
            for start in stride(from: 0, to: batch.entries.count, by: Self.chunkRows) {
                let chunk = Array(batch.entries[start..<min(batch.entries.count, start + Self.chunkRows)])
                let added = try await self.write(chunk, isFirst: answer.added + answer.known == 0)
                answer.added += added
                answer.known += chunk.count - added
            }
        }
    }

    private func write(_ chunk: [SuppressionTable.Entry], isFirst: Bool) async throws -> Int {
        let (channel, reason, who, file) = (self.channel, self.reason, self.who, self.file)
        return try await self.loop.ask { core in
            if isFirst {
                try core.audit("suppress_import_begin", on: "\(channel.rawValue) \(file.prefix(200))", by: who)
            }
            var added = 0
            for entry in chunk {
                let evidence = "\(file.prefix(200)):\(entry.line)"
                let done = try core.suppress(entry.key, on: channel, reason: reason, evidence: evidence, by: who)
                if done.isNew { added += 1 }
            }
            return added
        }
    }

    /// Notes the end, unless nothing was done.
    private func end(_ act: String, _ answer: SuppressionImportAnswer, digest: String) async throws {
        guard answer.added + answer.known > 0 else { return }
        let counts = "\(answer.added) added, \(answer.known) known, \(answer.rejected) rejected"
        let subject = "\(self.channel.rawValue) \(self.file.prefix(200)) (\(self.reason.rawValue)): \(counts)"
        try await self.loop.ask { core in try core.audit(act, on: subject, by: self.who, digest: digest) }
    }
}
