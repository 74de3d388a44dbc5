import Domain
import Intake
import NIOCore
import Storage
import Telemetry
import TimeZones

/// What one import did.
struct ImportSummary: Hashable, Sendable {
    let id: Int64
    var counts = ImportCounts()
    /// The first ``ImportAnswer/firstRejectsMax``.
    var firstRejects: [RejectedRow] = []
    var firstWarnings: [Diagnostic] = []
    var warnedColumns: [ImportAnswer.WarningUse] = []
    var fields: [ImportAnswer.FieldUse] = []
    var optOuts: [ImportAnswer.OptOutUse] = []
    var unclear: [ImportAnswer.UnclearUse] = []

    var answer: ImportAnswer {
        ImportAnswer(
            id: ImportService.publicID(self.id),
            rows: self.counts.rows,
            created: self.counts.created,
            updated: self.counts.updated,
            unchanged: self.counts.unchanged,
            rejected: self.counts.rejected,
            warnings: self.counts.warnings,
            firstRejects: self.firstRejects.map {
                ImportAnswer.Reject(line: $0.line, column: $0.column, reason: $0.reason)
            },
            firstWarnings: self.firstWarnings.map {
                ImportAnswer.Reject(line: $0.line, column: $0.column, reason: $0.message)
            },
            warnedColumns: self.warnedColumns,
            fields: self.fields,
            optOuts: self.optOuts,
            unclear: self.unclear
        )
    }

    /// Why there is nothing to answer with, when no row was accepted.
    func whyNothing(_ file: String) -> [Diagnostic] {
        guard !self.firstRejects.isEmpty else {
            return [Diagnostic(file: file, "the file has a header and no rows: there is nobody in it")]
        }
        return [Diagnostic(file: file, "none of the \(self.counts.rows) rows could be used")]
            + self.firstRejects.map { $0.diagnostic(file: file) }
    }
}

/// One import on its way: reads the file while what was read before is being written.
struct ImportRun: Sendable {
    let ticket: ImportTicket
    let request: ImportRequest
    let loop: any ImportLoop
    /// `nil`: rejected rows are counted, not kept.
    let rejectsPath: String?
    /// Where archives are kept while they are looked through.
    let scratchFolder: String
    /// Of the addresses that must not be written to.
    let addressKey: AddressKey
    let now: @Sendable () -> Timestamp
    /// When the import is only tried: where, which is the loop too.
    var rehearsal: ImportRehearsal?
    /// Reads what rows say about where their people are.
    var zones: any ZoneSource = ZoneFolder.system

    /// Reads the file to its end, and returns once all of it is committed.
    func read(_ body: some AsyncSequence<ByteBuffer, any Error> & Sendable) async throws -> ImportSummary {
        try await withThrowingTaskGroup(of: ImportCounts.self) { group in
            var progress = ImportProgress(self.ticket, self.request, rejectsPath: self.rejectsPath, self.zones)
            var packed = PackedFile(folder: self.scratchFolder)
            for try await piece in body {
                guard let piece = try packed.take(piece) else { continue }
                try await self.take(piece, &progress, &group)
            }
            switch try packed.finish() {
            case .nothing: break
            case .bytes(let bytes): try await self.take(bytes, &progress, &group)
            case .archive(let file):
                var offset = 0
                while case let bytes = try file.read(at: offset), !bytes.isEmpty {
                    offset += bytes.count
                    try await self.take(ByteBuffer(bytes: bytes), &progress, &group)
                }
            }
            do throws(Diagnostic) { try progress.unpacker.finish() } catch { throw Diagnostics([error]) }
            while try progress.unpack() { try await self.advance(&progress, &group) }
            progress.table.finish()
            try await self.advance(&progress, &group)
            if progress.window != nil { try await self.write(&progress, &group) }
            while let counts = try await group.next() { progress.summary.counts += counts }
            try progress.rejects.close()
            let open = try await self.stillOpen(progress.table.untold)
            progress.summary.fields = Self.uses(progress.table, open: open)
            progress.summary.firstWarnings = progress.warnings.first
            progress.summary.warnedColumns = progress.warnings.uses(progress.table.mapping?.headers ?? [])
            progress.summary.optOuts = progress.optOuts.uses(progress.table.mapping?.headers ?? [])
            progress.summary.unclear = progress.unclear.uses(progress.table.mapping?.headers ?? [])
            return progress.summary
        }
    }

    private func take(
        _ piece: ByteBuffer,
        _ progress: inout ImportProgress,
        _ group: inout ThrowingTaskGroup<ImportCounts, any Error>
    ) async throws {
        piece.withUnsafeReadableBytes { progress.unpacker.push($0) }
        while try progress.unpack() { try await self.advance(&progress, &group) }
    }

    /// Takes what the table can give into windows, and writes those that are full.
    private func advance(
        _ progress: inout ImportProgress,
        _ group: inout ThrowingTaskGroup<ImportCounts, any Error>
    ) async throws {
        while try progress.table.read(into: &progress.batch) {
            if progress.place == nil { progress.place = try await self.open(progress.table) }
            // A window ends after the same row however the file came: which row is the last of one person must not depend on that.
            while try progress.take() { try await self.write(&progress, &group) }
        }
    }

    private func open(_ table: ContactTable) async throws -> ImportPlace {
        let (ticket, request, at) = (self.ticket, self.request, self.now())
        let fields = table.fields.map { Field(name: $0.name, type: $0.type, isOpen: table.untold.contains($0.name)) }
        try self.checkRoom(for: fields)
        let (idSystem, hasEmail) = (table.mapping?.idSystem ?? "", table.mapping?.emailColumn != nil)
        let place = try await self.loop.write { connection throws(StoreError) in
            try ImportSteps.open(
                ticket,
                request,
                fields: fields,
                idSystem: idSystem,
                hasEmail: hasEmail,
                at: at,
                on: connection
            )
        }
        guard let index = fields.indices.first(where: { fields[$0].type != place.fields[$0].type }) else {
            return place
        }
        throw StoreError.corrupt("the field \(fields[index].name) became another while a file was read")
    }

    /// A file with more columns than there can be fields is no fault of the database.
    private func checkRoom(for fields: [Field]) throws(Diagnostics) {
        let known = Set(self.ticket.fields.map(\.name))
        let new = fields.count { !known.contains($0.name) }
        guard new > 0, known.count + new > FieldStore.fieldsMax else { return }
        throw Diagnostics([
            Diagnostic(
                line: 1,
                "\(new) columns would be new fields beside the \(known.count) that there are, and there can be "
                    + "\(FieldStore.fieldsMax); leave columns out with a mapping file (fields: {COLUMN: null})"
            )
        ])
    }

    /// Hands the window over to be written, once the one before is.
    private func write(
        _ progress: inout ImportProgress,
        _ group: inout ThrowingTaskGroup<ImportCounts, any Error>
    ) async throws {
        guard let window = progress.window, let place = progress.place else { return }
        progress.window = nil
        if let counts = try await group.next() { progress.summary.counts += counts }
        // Before their contacts come: nobody is in reach of a campaign without what bars them.
        let orders = progress.optOuts.drain()
        for start in stride(from: 0, to: orders.count, by: ImportOptOuts.chunkCount) {
            try await self.loop.suppress(
                Array(orders[start..<min(orders.count, start + ImportOptOuts.chunkCount)]),
                by: "import \(ImportService.publicID(place.id))",
                key: self.addressKey,
                at: self.now()
            )
        }
        group.addTask { try await self.write(window, to: place) }
    }

    private func write(_ window: ImportWindow, to place: ImportPlace) async throws -> ImportCounts {
        let (loop, key) = (self.loop, self.addressKey)
        var counts = ImportCounts()
        var besides = window.besides
        var chunks = window.rows.chunks()
        if chunks.isEmpty { chunks = [ContactChunk(window.rows, rows: [])] }
        for chunk in chunks {
            try await self.rehearsal?.bring(chunk, idSystem: place.marks.idSystem)
            while chunk.hasTelephones,
                try await loop.write({ connection throws(StoreError) in try PhoneIndex(connection).advance() })
            {}
            let (others, at) = (besides, self.now())
            counts += try await loop.write { connection throws(StoreError) in
                let written = try ImportSteps.write(chunk, to: place, besides: others, key: key, at: at, on: connection)
                CrashPoint.reach(.c01Importing)
                return written
            }
            CrashPoint.reach(.c02Imported)
            besides = ImportCounts()
        }
        return counts
    }

    /// Which fields nobody has a value of now that the whole file is in.
    private func stillOpen(_ names: Set<String>) async throws -> Set<String> {
        guard !names.isEmpty else { return [] }
        return try await self.loop.write { connection throws(StoreError) in
            Set(try FieldStore(connection).all().filter(\.isOpen).map(\.name)).intersection(names)
        }
    }

    /// Which field each column became.
    private static func uses(_ table: ContactTable, open: Set<String>) -> [ImportAnswer.FieldUse] {
        guard let mapping = table.mapping else { return [] }
        return mapping.columns.enumerated().compactMap { index, column in
            let name: String
            switch column {
            case .email: name = BuiltInField.email.rawValue
            case .field(let field): name = field
            case .ignored, .leftOut: return nil
            }
            let type = table.fields.first { $0.name == name }?.type ?? .text
            return ImportAnswer.FieldUse(
                name: name,
                type: type.rawValue,
                column: mapping.headers[index],
                isOpen: open.contains(name)
            )
        }
    }
}

/// What an import has read and not yet handed over.
private struct ImportProgress {
    let unpacker = Unpacker()
    let table: ContactTable
    let rejects: RejectFile
    /// Memory that is used again for every batch.
    var batch = DecodedRows()
    var place: ImportPlace?
    var window: ImportWindow?
    var summary: ImportSummary
    var optOuts: ImportOptOuts
    var warnings = ImportWarnings()
    var unclear: ImportUnclear
    private var headerWarnings = true
    /// Rows of the batch that were taken.
    private var taken = 0

    init(_ ticket: ImportTicket, _ request: ImportRequest, rejectsPath: String?, _ zones: any ZoneSource) {
        self.unclear = ImportUnclear(zones)
        self.table = ContactTable(knownFields: ticket.fields, map: request.map)
        self.optOuts = ImportOptOuts(file: request.file)
        self.rejects = RejectFile(path: rejectsPath)
        self.summary = ImportSummary(id: ticket.id)
    }

    /// Hands the table the next bytes of what the file holds.
    ///
    /// - Returns: Whether there were any.
    func unpack() throws(Diagnostics) -> Bool {
        do throws(Diagnostic) {
            return try self.unpacker.next { self.table.push($0) }
        } catch {
            throw Diagnostics([error])
        }
    }

    /// Moves the batch, or what is left of it, into the window.
    ///
    /// - Returns: Whether the window is full: then it must be handed over, and there may be more of the batch.
    mutating func take() throws -> Bool {
        var unclear: [Diagnostic] = []
        if self.taken == 0 {
            unclear = self.unclear.take(self.batch, self.table.mapping)
            try self.rejects.append(self.batch.rejects, of: self.table.mapping)
            if self.headerWarnings { self.warnings.take(self.table.warnings) }
            let warnings = self.batch.warnings + unclear
            self.warnings.take(
                unclear.isEmpty ? warnings : warnings.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
            )
            let room = ImportAnswer.firstRejectsMax - self.summary.firstRejects.count
            self.summary.firstRejects += self.batch.rejects.prefix(room)
            self.optOuts.take(self.batch, self.table.mapping?.headers ?? [])
        } else if self.taken == self.batch.count {
            self.taken = 0
            return false
        }
        var window = self.window ?? ImportWindow(fields: self.batch.fields, hasIDSystems: self.batch.hasIDSystems)
        // Its rows must not be shared with `self.window` while they grow.
        self.window = nil
        self.taken = window.add(self.batch, from: self.taken)
        window.warn(unclear.count)
        if self.headerWarnings {
            window.warn(self.table.warnings.count)
            self.headerWarnings = false
        }
        self.window = window
        if window.isFull { return true }
        self.taken = 0
        return false
    }
}
