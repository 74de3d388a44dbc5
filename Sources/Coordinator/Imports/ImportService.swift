import Domain
import Intake
import NIOCore
import Storage

/// Takes files of contacts in: reads and checks them beside the loop, and hands the loop bounded writes.
///
/// The sender of the file waits while two windows are in memory and not yet written, so memory does not grow with the file. An import
/// that ends early (the sender goes away, the disk is full) leaves what was committed, and is marked as aborted.
struct ImportService: Sendable {
    private let loop: any ImportLoop
    private let rejectsFolder: String
    private let addressKey: AddressKey
    private let now: @Sendable () -> Timestamp
    private let slot: ImportSlot

    /// - Parameters:
    ///   - loop: Writes.
    ///   - rejectsFolder: Where reject files go, `data_dir/rejects`; it must be there.
    ///   - addressKey: Of the addresses that must not be written to.
    ///   - now: The wall clock.
    ///   - slot: Of all imports into this store.
    init(
        loop: any ImportLoop,
        rejectsFolder: String,
        addressKey: AddressKey,
        now: @escaping @Sendable () -> Timestamp,
        slot: ImportSlot = ImportSlot()
    ) {
        self.loop = loop
        self.rejectsFolder = rejectsFolder
        self.addressKey = addressKey
        self.now = now
        self.slot = slot
    }

    /// Imports a file.
    ///
    /// - Throws: ``OperationError/invalid(_:)`` when it is no table, has no address column, or nothing was accepted;
    ///   ``OperationError/conflict(_:)`` while another one runs or is being undone; ``OperationError/unavailable(_:)`` when the disk is full; the body's own error when the connection broke.
    func run(
        _ request: ImportRequest,
        body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        by who: String
    ) async throws -> ImportAnswer {
        try self.slot.take(for: request.file)
        defer { self.slot.leave() }
        let began = self.now()
        let actor = ImportActor(who: who, origin: RequestOrigin.address)
        let beginning: (ticket: ImportTicket?, undoing: Int64?) = try await Self.translating {
            try await self.loop.write { connection throws(StoreError) in
                // It would put contacts back over what comes now.
                if let undoing = try ImportStore(connection).undoing() { return (nil, undoing) }
                // The slot is ours: whatever runs by what is stored ended, and that could not be stored then.
                _ = try ImportStore(connection).abortRunning(at: began)
                let ticket = try ImportSteps.begin(file: request.file, at: began, on: connection)
                try actor.note("import_begin", ticket.id, at: began, on: connection)
                return (ticket, nil)
            }
        }
        guard let ticket = beginning.ticket else {
            let name = Self.publicID(beginning.undoing ?? 0)
            throw OperationError.conflict(
                "import \(name) is being undone; import when that is done (postrider imports undo \(name) goes on with it)"
            )
        }
        self.slot.name(ticket.id)
        let body = DigestingBody(body)
        let run = ImportRun(
            ticket: ticket,
            request: request,
            loop: self.loop,
            rejectsPath: self.rejectsPath(ticket.id),
            scratchFolder: self.rejectsFolder,
            addressKey: self.addressKey,
            now: self.now
        )
        let summary: ImportSummary
        do {
            summary = try await run.read(body)
            try await self.end(ticket.id, as: .finished, digest: body.digest, by: actor)
        } catch {
            await self.abort(ticket.id, digest: body.digest, by: actor)
            // What a file is wrong with as a whole, such as an archive that is a trap, may show late: nothing of it stays.
            guard let diagnostics = error as? Diagnostics else { throw Self.translated(error, file: request.file) }
            throw Self.translated(await self.takeBack(ticket.id, diagnostics, by: actor), file: request.file)
        }
        guard summary.counts.accepted > 0 else {
            let nothing = await self.takeBack(ticket.id, Diagnostics(summary.whyNothing(request.file)), by: actor)
            let error = Self.translated(nothing, file: request.file)
            // The rejected rows stay, each with what is wrong with it.
            guard case OperationError.invalid(let diagnostics) = error, summary.counts.rejected > 0 else { throw error }
            throw OperationError.nothingImported(diagnostics, importID: Self.publicID(ticket.id))
        }
        return summary.answer
    }

    /// Takes back what an import did, piece by piece, newest import first.
    ///
    /// - Returns: The imports that ran at the same time, which older versions allowed.
    /// - Throws: ``OperationError/conflict(_:)`` when another one must be undone before, an import runs, or something uses a field that it brought.
    @discardableResult
    func undo(_ id: Int64, by who: String) async throws -> [Int64] {
        try await self.undo(id, by: ImportActor(who: who, origin: RequestOrigin.address))
    }

    private func undo(_ id: Int64, by actor: ImportActor) async throws -> [Int64] {
        let (key, now, slot, name) = (self.addressKey, self.now, self.slot, Self.publicID(id))
        let (refusal, users, overlapping) = try await self.loop.write {
            (connection) throws(StoreError) -> (ImportUndo.Refusal?, FieldUsers?, [Int64]) in
            let users = try FieldUsers(ofImport: id, at: now(), on: connection)
            guard users == nil else { return (nil, users, []) }
            if !slot.isTaken { _ = try ImportStore(connection).abortRunning(at: now()) }
            let undo = ImportUndo(connection, importID: id, key: key)
            let overlapping = try undo.overlapping()
            let refusal = try undo.begin()
            if refusal == nil { try actor.note("import_undo", id, at: now(), on: connection) }
            return (refusal, nil, overlapping)
        }
        if let users { throw OperationError.conflict(users.text(undoing: name)) }
        switch refusal {
        case nil: break
        case .unknown: throw OperationError.notFound("there is no import '\(name)'")
        case .undone: throw OperationError.conflict("import \(name) is undone already")
        case .running: throw OperationError.conflict("an import is running; undo \(name) once it has ended")
        case .newerFirst(let newer):
            throw OperationError.conflict(
                "import \(Self.publicID(newer)) came later; imports are undone newest first: undo that one before \(name)"
            )
        }
        while try await self.loop.write({ connection throws(StoreError) in
            try ImportUndo(connection, importID: id, key: key).step(at: now())
        }) {}
        // Looked at once more: contacts are as they were, and who came to use a field meanwhile keeps it until that is mended.
        let late = try await self.loop.write { connection throws(StoreError) in
            let users = try FieldUsers(ofImport: id, at: now(), on: connection)
            if users == nil { try ImportUndo(connection, importID: id, key: key).end(at: now()) }
            return users
        }
        if let late { throw OperationError.conflict(late.text(undoing: name)) }
        return overlapping
    }

    /// The rejected rows of an import as CSV.
    ///
    /// - Parameters:
    ///   - text: As ``ImportAnswer/id`` gave it, or whatever a stranger typed.
    ///   - isKnown: Whether an import with this number exists.
    /// - Returns: The header line first.
    /// - Throws: ``OperationError/notFound(_:)``, or what `isKnown` throws.
    func rejects(ofImport text: String, isKnown: (Int64) async throws -> Bool) async throws -> Pages<ByteBuffer> {
        guard let id = Self.number(text), try await isKnown(id) else {
            throw OperationError.notFound("there is no import '\(text.prefix(40))'")
        }
        return RejectFile.pages(path: self.rejectsPath(id))
    }

    /// `i` and the number, as in `i12`; the number alone is read too.
    static func publicID(_ id: Int64) -> String { "i\(id)" }

    static func number(_ text: String) -> Int64? {
        let digits = text.hasPrefix("i") ? text.dropFirst() : text[...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let id = Int64(digits), id > 0 else { return nil }
        return id
    }

    private func rejectsPath(_ id: Int64) -> String { Self.rejectsPath(id, in: self.rejectsFolder) }

    /// Where the rejected rows of an import are, if there are any.
    static func rejectsPath(_ id: Int64, in folder: String) -> String { "\(folder)/import-\(id).csv" }

    private func end(_ id: Int64, as state: ImportState, digest: String, by actor: ImportActor) async throws {
        let at = self.now()
        try await self.loop.write { connection throws(StoreError) in
            try ImportStore(connection).end(id, as: state, at: at)
            let act = state == .finished ? "import_end" : "import_abort"
            try actor.note(act, id, digest: digest, at: at, on: connection)
        }
    }

    /// Marks an import as aborted, also when the task that imports is cancelled.
    ///
    /// What cannot be marked now is marked when the coordinator starts again.
    private func abort(_ id: Int64, digest: String, by actor: ImportActor) async {
        await Task { try? await self.end(id, as: .aborted, digest: digest, by: actor) }.value
    }

    /// Undoes an import whose file turned out to be wrong.
    ///
    /// - Returns: What is wrong with it, and what is left of it if it cannot be undone now.
    private func takeBack(_ id: Int64, _ diagnostics: Diagnostics, by actor: ImportActor) async -> Diagnostics {
        do {
            _ = try await self.undo(id, by: actor)
            return diagnostics
        } catch {
            let name = Self.publicID(id)
            let left = Diagnostic(.error, "what came in before that is still there: postrider imports undo \(name)")
            return Diagnostics(diagnostics.diagnostics + [left])
        }
    }

    private static func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch { throw Self.translated(error, file: "") }
    }

    static func translated(_ error: any Error, file: String) -> any Error {
        switch error {
        case let error as Diagnostics:
            return OperationError.invalid(
                error.diagnostics.map { diagnostic in
                    var placed = diagnostic
                    placed.file = file
                    return placed
                }
            )
        case let error as StoreError:
            guard case .full = error else { return error }
            return OperationError.unavailable(error.text)
        case let error as FileFault where error.isDiskFull:
            return OperationError.unavailable("the disk is full: \(error.text)")
        default: return error
        }
    }
}

/// Who imports, for the audit.
private struct ImportActor: Sendable {
    let who: String
    let origin: String

    /// Notes an act; `digest` is that of the file as far as it was read, as hex.
    func note(
        _ act: String,
        _ id: Int64,
        digest: String = "",
        at: Timestamp,
        on connection: any SQLConnection
    ) throws(StoreError) {
        try AuditStore(connection).append(
            AuditEntry(
                at: at,
                who: self.who,
                act: act,
                subject: ImportService.publicID(id),
                digest: digest,
                origin: self.origin
            )
        )
    }
}
