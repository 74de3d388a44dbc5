import Domain
import Intake
import Storage

/// Body of `POST /v1/suppressions`.
struct SuppressRequest: Hashable, Sendable, RequestForm {
    var address: String
    /// Name of a ``SuppressionChannel``; e-mail when left out.
    var channel: String?
    /// Name of a ``SuppressionReason``; `asked` when left out.
    var reason: String?
    /// What shows it, for people.
    var evidence: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case address, channel, reason, evidence
    }
}

/// Body of `POST /v1/suppressions/remove`.
struct UnsuppressRequest: Hashable, Sendable, RequestForm {
    var address: String
    var channel: String?
    /// Why it may be written to again; it stands in the audit table.
    var reason: String

    enum CodingKeys: String, CodingKey, CaseIterable {
        case address, channel, reason
    }
}

/// What stands on the list about one address, which nobody can read out of it.
struct SuppressionRow: Hashable, Sendable, Encodable {
    var channel: String
    /// Keyed hash of the address, as hex.
    var hash: String
    var reason: String
    var at: Timestamp
    var evidence: String
    var who: String
    /// The contact that has the address; `nil` when none does.
    @Nullable var contact: Int64?

    init(_ record: SuppressionRecord) {
        self.channel = record.channel.rawValue
        self.hash = record.address.text
        self.reason = record.reason.rawValue
        self.at = record.at
        self.evidence = record.evidence
        self.who = record.who
        self.contact = record.contact?.rawValue
    }
}

/// What `POST /v1/suppressions` did.
struct SuppressionAnswer: Hashable, Sendable, Encodable {
    /// It was not on the list before.
    var added: Bool
    var suppression: SuppressionRow
}

/// What an import of addresses to suppress did.
struct SuppressionImportAnswer: Hashable, Sendable, Encodable {
    /// Rows of the file; one may name several addresses, or none.
    var rows = 0
    /// Addresses.
    var added = 0
    /// Addresses that were on the list before.
    var known = 0
    /// Rows in which something could not be read.
    var rejected = 0
    var firstRejects: [ImportAnswer.Reject] = []
    /// The first ``rejectsMax`` rejected rows, as they were.
    var rejects: [RejectText] = []
    /// Columns with a name like an address's that were not read, since they may be somebody else's.
    var passedColumns: [String] = []

    /// What an answer can hold; who has more has taken the wrong file.
    static let rejectsMax = 10_000
    /// Of each rejected row: enough to find and mend it.
    private static let rowLengthMax = 500

    /// A row that was not taken, for a file of rejects.
    struct RejectText: Hashable, Sendable, Encodable {
        let line: Int
        let reason: String
        let row: String
    }

    private enum CodingKeys: String, CodingKey {
        case rows
        case added
        case known
        case rejected
        case firstRejects = "first_rejects"
        case rejects
        case passedColumns = "passed_columns"
    }

    /// Notes rows that could not be read.
    mutating func add(_ rows: [RejectedRow]) {
        self.rejected += rows.count
        for row in rows.prefix(Self.rejectsMax - self.rejects.count) {
            if self.firstRejects.count < ImportAnswer.firstRejectsMax {
                self.firstRejects.append(.init(line: row.line, column: row.column, reason: row.reason))
            }
            let text = String(String(decoding: row.raw, as: UTF8.self).prefix(Self.rowLengthMax))
            self.rejects.append(RejectText(line: row.line, reason: row.reason, row: text))
        }
    }
}

/// What an operator says about an address, checked.
struct SuppressionWish: Hashable, Sendable {
    /// In canonical form.
    let address: String
    let channel: SuppressionChannel
    let reason: SuppressionReason
    let evidence: String

    /// Length of evidence and of a reason to remove: a few sentences.
    static let textMax = 500

    init(_ request: SuppressRequest) throws(OperationError) {
        self.channel = try Self.channel(request.channel)
        self.address = try Self.canonical(request.address, on: self.channel)
        self.reason = try Self.reason(request.reason, default: .asked)
        self.evidence = String((request.evidence ?? "").prefix(Self.textMax))
    }

    static func reason(_ name: String?, default: SuppressionReason) throws(OperationError) -> SuppressionReason {
        guard let name else { return `default` }
        guard let reason = SuppressionReason(rawValue: name) else {
            throw .invalid([
                Diagnostic(.error, "reason must be one of \(SuppressionReason.grammar), not '\(name.prefix(40))'")
            ])
        }
        return reason
    }

    static func channel(_ name: String?) throws(OperationError) -> SuppressionChannel {
        guard let name else { return .email }
        guard let channel = SuppressionChannel(rawValue: name) else {
            let allowed = SuppressionChannel.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid([Diagnostic(.error, "channel must be one of \(allowed), not '\(name.prefix(40))'")])
        }
        return channel
    }

    /// The form under which two spellings of an address are the same.
    static func canonical(_ address: String, on channel: SuppressionChannel) throws(OperationError) -> String {
        let number = PhoneNumber.normalised(address).map { String(decoding: PhoneKey.of($0), as: UTF8.self) }
        switch (channel, AddressParser.parse(address), number) {
        case (.email, .success(let address), _): return address.key
        case (.email, .failure, .some):
            throw .invalid([Diagnostic(.error, "this is a telephone number, which is suppressed on channel sms")])
        case (.email, .failure(let problem), nil):
            throw .invalid([Diagnostic(.error, "this is no e-mail address: \(problem.text)")])
        case (.sms, _, let number?): return number
        case (.sms, _, nil):
            throw .invalid([Diagnostic(.error, "this is no telephone number; allowed: \(PhoneNumber.grammar)")])
        }
    }
}
