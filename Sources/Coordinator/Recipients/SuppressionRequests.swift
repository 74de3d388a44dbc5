import Domain
import Intake
import Storage

/// Body of `POST /v1/suppressions`.
struct SuppressRequest: Hashable, Sendable, Decodable {
    var address: String
    /// Name of a ``SuppressionChannel``; e-mail when left out.
    var channel: String?
    /// Name of a ``SuppressionReason``; `asked` when left out.
    var reason: String?
    /// What shows it, for people.
    var evidence: String?
}

/// Body of `POST /v1/suppressions/remove`.
struct UnsuppressRequest: Hashable, Sendable, Decodable {
    var address: String
    var channel: String?
    /// Why it may be written to again; it stands in the audit table.
    var reason: String
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
    var rows: Int
    var added: Int
    /// On the list before.
    var known: Int
    var rejected: Int
    var firstRejects: [ImportAnswer.Reject]

    private enum CodingKeys: String, CodingKey {
        case rows
        case added
        case known
        case rejected
        case firstRejects = "first_rejects"
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
