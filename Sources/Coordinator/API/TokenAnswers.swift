import Domain
import Storage

/// Body of `POST /v1/tokens`.
struct NewToken: Hashable, Sendable, RequestForm {
    var name: String
    /// Name of a ``Role``.
    var role: String
    /// Seconds until it counts no more; `nil`: it counts until it is revoked.
    var expiresIn: Int?

    /// A minute to ten years.
    static let expiresIn = 60...315_360_000

    /// Longest name.
    static let nameCharactersMax = 64
    static let grammar = "1 to \(nameCharactersMax) of a-z, 0-9 and -, and not 'coordinator'"

    static func isName(_ name: String) -> Bool {
        (1...Self.nameCharactersMax).contains(name.utf8.count) && name != "coordinator"
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, role
        case expiresIn = "expires_in"
    }
}

/// Answer of `POST /v1/tokens`: the only time that the token is said.
struct MadeToken: Hashable, Sendable, Encodable {
    var name: String
    var role: String
    var token: String
    @Nullable var expiresAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case name, role, token
        case expiresAt = "expires_at"
    }
}

/// A token without its text.
struct TokenStatus: Hashable, Sendable, Encodable {
    var name: String
    var role: String
    var state: State
    /// `file`, or `made`.
    var source: String
    @Nullable var madeBy: String?
    @Nullable var madeAt: Timestamp?
    @Nullable var expiresAt: Timestamp?
    @Nullable var revokedAt: Timestamp?
    /// To the minute; `nil` when it never was.
    @Nullable var usedAt: Timestamp?

    enum State: String, Hashable, Sendable, CaseIterable, Encodable {
        case valid, expired, revoked
    }

    init(_ record: TokenRecord, at now: Timestamp) {
        self.name = record.name
        self.role = record.role.name
        self.state = record.revokedAt != nil ? .revoked : record.isOver(at: now) ? .expired : .valid
        self.source = record.madeBy == nil ? "file" : "made"
        self._madeBy = Nullable(wrappedValue: record.madeBy)
        self._madeAt = Nullable(wrappedValue: record.madeBy == nil ? nil : record.madeAt)
        self._expiresAt = Nullable(wrappedValue: record.expiresAt)
        self._revokedAt = Nullable(wrappedValue: record.revokedAt)
        self._usedAt = Nullable(wrappedValue: record.usedAt)
    }

    private enum CodingKeys: String, CodingKey {
        case name, role, state, source
        case madeBy = "made_by"
        case madeAt = "made_at"
        case expiresAt = "expires_at"
        case revokedAt = "revoked_at"
        case usedAt = "used_at"
    }
}
