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
        var answer = Answer(rows: 0, added: 0, known: 0, rejected: 0, firstRejects: [])
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
            throw OperationError.invalid([Diagnostic(file: self.file, "none of its \(answer.rows) rows could be used")])
        }
        return answer
    }

    private func read(
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        _ answer: inout SuppressionImportAnswer
    ) async throws {
        var packed = PackedFile(folder: self.scratchFolder)
        let (table, unpacker) = (ContactTable(knownFields: []), Unpacker())
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
    }

    private func take(
        _ piece: ByteBuffer,
        _ unpacker: Unpacker,
        _ table: ContactTable,
        _ answer: inout SuppressionImportAnswer
    ) async throws {
        piece.withUnsafeReadableBytes { unpacker.push($0) }
        try await self.unpack(unpacker, table, &answer)
    }

    private func unpack(
        _ unpacker: Unpacker,
        _ table: ContactTable,
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

    private func takeRows(of table: ContactTable, _ answer: inout SuppressionImportAnswer) async throws {
        var batch = DecodedRows()
        while try table.read(into: &batch) { try await self.take(batch, &answer) }
    }

    private func take(_ batch: DecodedRows, _ answer: inout SuppressionImportAnswer) async throws {
        var rejects = batch.rejects.map {
            ImportAnswer.Reject(line: $0.line, column: $0.column, reason: $0.reason)
        }
        var addresses: [(key: String, line: Int)] = []
        for row in 0..<batch.count {
            if let key = self.key(batch, row) {
                addresses.append((key, batch.lines[row]))
            } else {
                let noun = self.channel == .email ? "e-mail address" : "telephone number"
                rejects.append(.init(line: batch.lines[row], column: 0, reason: "no \(noun)"))
            }
        }
        answer.rows += rejects.count
        answer.rejected += rejects.count
        answer.firstRejects += rejects.prefix(ImportAnswer.firstRejectsMax - answer.firstRejects.count)
        for start in stride(from: 0, to: addresses.count, by: Self.chunkRows) {
            let chunk = Array(addresses[start..<min(addresses.count, start + Self.chunkRows)])
            let added = try await self.write(chunk, isFirst: answer.added + answer.known == 0)
            answer.rows += chunk.count
            answer.added += added
            answer.known += chunk.count - added
        }
    }

    /// The canonical form of a row's address on this channel.
    private func key(_ batch: DecodedRows, _ row: Int) -> String? {
        switch self.channel {
        case .email: batch.emailAddress(row: row)?.key
        case .sms: batch.telephone(row: row).map { String(decoding: PhoneKey.of($0), as: UTF8.self) }
        }
    }

    private func write(_ chunk: [(key: String, line: Int)], isFirst: Bool) async throws -> Int {
        let (channel, reason, who, file) = (self.channel, self.reason, self.who, self.file)
        return try await self.loop.ask { core in
            if isFirst {
                try core.audit("suppress_import_begin", on: "\(channel.rawValue) \(file.prefix(200))", by: who)
            }
            var added = 0
            for (key, line) in chunk {
                let evidence = "\(file.prefix(200)):\(line)"
                let done = try core.suppress(key, on: channel, reason: reason, evidence: evidence, by: who)
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
