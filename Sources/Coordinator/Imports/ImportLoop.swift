import Domain
import Storage

/// The way of an import's writes into the loop, which owns the only writing connection.
protocol ImportLoop: Sendable {
    /// Runs `work` in a transaction of a turn, and returns once that is committed with full durability.
    ///
    /// An import waits for each write before it asks for the next, so the loop holds one of each import at a time.
    ///
    /// - Parameter work: Takes a few milliseconds at most.
    /// - Returns: What `work` returned.
    /// - Throws: What `work` threw, or that the loop stopped.
    func write<Result: Sendable>(
        _ work: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Result
    ) async throws -> Result

    /// Puts addresses on the list of those that must not be written to, in one transaction.
    ///
    /// - Parameters:
    ///   - orders: ``ImportOptOuts/chunkCount`` at most.
    ///   - who: The import.
    ///   - key: Of the list.
    ///   - at: Now.
    /// - Throws: What the store throws, or that the loop stopped.
    func suppress(_ orders: [ImportOptOut], by who: String, key: AddressKey, at: Timestamp) async throws
}

/// An import that began.
struct ImportTicket: Hashable, Sendable {
    let id: Int64
    /// The fields that there were when it began.
    let fields: [Field]
}

/// Where the contacts of an import go, known once its header was read.
struct ImportPlace: Hashable, Sendable {
    let id: Int64
    /// The file's fields with the types that hold.
    let fields: [Field]
    /// Those whose type nothing told so far: a value makes them text.
    let untold: [String]
    let source: Int64
    let list: Int64?
    let marks: ImportMarks
    let policy: ConflictPolicy
}

/// What an import does in the loop: each function is one write, pure over the connection, inside the caller's transaction.
enum ImportSteps {
    /// Notes the import, before anything of its file was read.
    static func begin(
        file: String,
        at: Timestamp,
        on connection: any SQLConnection
    ) throws(StoreError) -> ImportTicket {
        let fields = FieldStore(connection)
        try fields.completeBefore()
        return ImportTicket(id: try ImportStore(connection).begin(file: file, at: at), fields: try fields.all())
    }

    /// Makes the file's fields, which are open where nothing tells their type, source and list.
    ///
    /// - Returns: With the fields' types as they are from now on.
    static func open(
        _ ticket: ImportTicket,
        _ request: ImportRequest,
        fields: [Field],
        idSystem: String,
        hasEmail: Bool,
        at: Timestamp,
        on connection: any SQLConnection
    ) throws(StoreError) -> ImportPlace {
        let store = ImportStore(connection)
        let settled = try FieldStore(connection).define(fields, importID: ticket.id)
        // A file of telephone numbers is for texting; that somebody agreed to texts beside mails must be said.
        let channels = request.channels ?? [hasEmail ? "email" : "sms"]
        let source = try store.makeSource(
            SourceNote(
                name: request.source ?? request.file,
                basis: request.basis ?? "",
                proof: request.proof ?? "",
                channels: channels,
                file: request.file
            ),
            at: at
        )
        var list: Int64?
        if let name = request.list { list = try ListStore(connection).make(named: name) }
        try store.place(ticket.id, source: source, list: list)
        return ImportPlace(
            id: ticket.id,
            fields: settled,
            untold: fields.filter(\.isOpen).map(\.name),
            source: source,
            list: list,
            marks: ImportMarks(
                importID: ticket.id,
                consent: Basis(stated: request.basis ?? "").map { basis in
                    channels.reduce(into: ConsentMarks()) { $0.formUnion(ConsentMarks(basis, $1)) }
                } ?? [],
                idSystem: idSystem
            ),
            policy: request.onConflict.policy
        )
    }

    /// Writes some contacts, and adds what became of them to the import.
    ///
    /// - Parameters:
    ///   - chunk: With the place's fields.
    ///   - place: Where they go.
    ///   - besides: Rejected rows and warnings to be counted with them.
    ///   - key: Of the addresses that must not be written to.
    ///   - at: Now.
    ///   - connection: Writes.
    /// - Returns: `besides` and the chunk's counts.
    /// - Throws: What the database says.
    static func write(
        _ chunk: ContactChunk,
        to place: ImportPlace,
        besides: ImportCounts,
        key: AddressKey,
        at: Timestamp,
        on connection: any SQLConnection
    ) throws(StoreError) -> ImportCounts {
        let store = try ContactStore(
            connection,
            fields: place.fields,
            policy: place.policy,
            marks: place.marks,
            key: key
        )
        let valued = chunk.names(withValuesAmong: place.untold)
        if !valued.isEmpty { try FieldStore(connection).settleAsText(valued, importID: place.id) }
        var counts = try store.upsert(chunk, list: place.list, source: place.source, at: at)
        counts += besides
        try ImportStore(connection).add(counts, to: place.id)
        return counts
    }
}

extension ConflictRule {
    var policy: ConflictPolicy {
        switch self {
        case .merge: .merge
        case .replace: .replace
        case .keep: .keep
        }
    }
}
