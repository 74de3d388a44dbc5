import Domain
import Intake
import NIOCore
import Storage

/// Somebody as an operator names them.
enum PersonName: Hashable, Sendable {
    /// ``EmailAddress/key``.
    case email(key: String, text: String)
    /// ``PhoneKey``.
    case phone([UInt8])

    /// - Throws: ``OperationError/invalid(_:)`` when the text is neither an e-mail address nor a telephone number.
    init(_ text: String) throws {
        if case .success(let address) = AddressParser.parse(text) {
            self = .email(key: address.key, text: address.text)
        } else if let number = PhoneNumber.normalised(text) {
            self = .phone(PhoneKey.of(number))
        } else {
            throw OperationError.invalid([
                Diagnostic(.error, "'\(text.prefix(80))' is neither an e-mail address nor a telephone number")
            ])
        }
    }

    /// What it is, in a word.
    var noun: String {
        switch self {
        case .email: "address"
        case .phone: "number"
        }
    }
}

extension Reads {
    /// The contacts that a name stands for; telephone numbers as far as the index of them goes.
    func contacts(_ person: PersonName) async throws -> [Int64] {
        try await self.readers.read { connection throws(StoreError) in
            switch person {
            case .email(let key, _): try ContactReader.contacts(withKey: key, on: connection)
            case .phone(let key): try ContactReader.contacts(withPhone: key, on: connection)
            }
        }
    }

    /// All contacts, page by page, as bytes: CSV with a header, or one JSON object a line.
    func export(asCSV: Bool) async throws -> Pages<ByteBuffer> {
        let fields = try await self.fields()
        let readers = self.readers
        return Pages(from: ExportCursor(pages: ContactPages(fields: fields))) { cursor in
            if asCSV, cursor.isFirst {
                cursor.isFirst = false
                return [ContactCSV.header(fields)]
            }
            let before = cursor.pages
            let page: [ContactRecord]?
            (cursor.pages, page) = try await readers.read { connection throws(StoreError) in
                var after = before
                let page = try after.next(on: connection)
                return (after, page)
            }
            return try page?.map { try asCSV ? ContactCSV.row($0) : JSONForm.encode(ContactJSON($0, fields: fields)) }
        }
    }

    private struct ExportCursor: Sendable {
        var pages: ContactPages
        var isFirst = true
    }

    /// One import; `nil` when there is none.
    func importListing(_ id: Int64) async throws -> ImportListing? {
        try await self.readers.read { connection throws(StoreError) in
            try ImportStore(connection).record(id).map(ImportListing.init)
        }
    }

    /// Imports, newest first.
    func imports(limit: Int) async throws -> [ImportListing] {
        let records = try await self.readers.read { connection throws(StoreError) in
            try ImportStore(connection).newest(before: .max, limit: limit)
        }
        return records.map(ImportListing.init)
    }
}

/// One of `GET /v1/imports`.
struct ImportListing: Hashable, Sendable, Encodable {
    var id: String
    var file: String
    var state: String
    var startedAt: Timestamp
    @Nullable var finishedAt: Timestamp?
    var rows: Int
    var created: Int
    var updated: Int
    var unchanged: Int
    var rejected: Int

    /// More than these nobody looks through.
    static let countMax = 1_000

    private enum CodingKeys: String, CodingKey {
        case id, file, state, rows, created, updated, unchanged, rejected
        case startedAt = "started_at"
        case finishedAt = "finished_at"
    }

    init(_ record: ImportRecord) {
        self.id = ImportService.publicID(record.id)
        self.file = record.file
        self.state = record.state.rawValue
        self.startedAt = record.startedAt
        self.finishedAt = record.finishedAt
        self.rows = record.counts.rows
        self.created = record.counts.created
        self.updated = record.counts.updated
        self.unchanged = record.counts.unchanged
        self.rejected = record.counts.rejected
    }
}

/// What `POST /v1/imports/{id}/undo` answers.
struct UndoneImport: Hashable, Sendable, Encodable {
    var listing: ImportListing
    /// Imports that changed contacts at the same time, which older versions allowed: whoever both changed may not be as before.
    var overlapped: [String]

    private enum CodingKeys: String, CodingKey { case overlapped }

    func encode(to encoder: any Encoder) throws {
        try self.listing.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.overlapped, forKey: .overlapped)
    }
}
