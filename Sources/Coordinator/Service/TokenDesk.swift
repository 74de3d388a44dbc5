import Domain
import ServiceLifecycle
import Storage

/// Makes and revokes tokens: in the database, in a turn of the loop, and then for the requests that come.
struct TokenDesk: Sendable {
    let tokens: Tokens

    /// Random bytes of a token, which is their hexadecimal text.
    private static let randomBytes = 32

    var list: [TokenStatus] {
        let now = WallClock.now()
        return self.tokens.records.map { TokenStatus($0, at: now) }
    }

    func add(_ new: NewToken, by caller: Caller, on loop: CoordinatorLoop) async throws -> MadeToken {
        guard let role = Role(name: new.role) else {
            let roles = Role.allCases.map(\.name).joined(separator: ", ")
            throw OperationError.invalid([Diagnostic(.error, "role must be one of \(roles), not '\(new.role)'")])
        }
        guard NewToken.isName(new.name) else {
            throw OperationError.invalid([Diagnostic(.error, "'\(new.name)' is no name; allowed: \(NewToken.grammar)")])
        }
        if let seconds = new.expiresIn, !NewToken.expiresIn.contains(seconds) {
            let range = NewToken.expiresIn
            let text = "expires_in must be \(range.lowerBound) to \(range.upperBound) seconds"
            throw OperationError.invalid([Diagnostic(.error, text)])
        }
        var generator = SystemRandomNumberGenerator()
        let text = (0..<Self.randomBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }.hexadecimal
        let digest = Tokens.digestBytes(text)
        let tokens = self.tokens
        let (record, gone) = try await loop.ask { core in
            let now = core.wall
            let store = TokenStore(core.connection)
            let files = tokens.records.filter { $0.madeBy == nil }
            let made = try store.all().filter { $0.madeBy != nil }
            let gone = try Self.makeRoom(for: new.name, among: files + made, at: now)
            for name in gone { try store.remove(name) }
            let record = TokenRecord(
                name: new.name,
                role: role,
                digest: digest,
                madeAt: now,
                madeBy: caller.name,
                expiresAt: new.expiresIn.map { now.advanced(byMilliseconds: Int64($0) * 1_000) }
            )
            try store.save(record)
            try core.audit("token_add \(role.name)", on: new.name, by: caller.name, digest: digest.hexadecimal)
            return (record, gone)
        }
        self.tokens.forget(gone)
        self.tokens.put(record)
        return MadeToken(name: record.name, role: role.name, token: text, expiresAt: record.expiresAt)
    }

    func revoke(_ name: String, by caller: Caller, on loop: CoordinatorLoop) async throws -> TokenStatus {
        guard name != caller.name else {
            throw OperationError.conflict("a token does not revoke itself: ask with another admin's")
        }
        let tokens = self.tokens
        let record = try await loop.ask { core in
            guard var record = tokens.records.first(where: { $0.name == name }) else {
                throw OperationError.notFound("there is no token '\(name.prefix(80))'")
            }
            guard record.revokedAt == nil else { return record }
            record.revokedAt = core.wall
            try TokenStore(core.connection).save(record)
            try core.audit("token_revoke", on: name, by: caller.name, digest: record.digest.hexadecimal)
            return record
        }
        self.tokens.put(record)
        return TokenStatus(record, at: WallClock.now())
    }

    /// - Returns: Names of tokens that are over and give way.
    /// - Throws: ``OperationError/conflict(_:)`` when the name is in use, or there are too many tokens.
    private static func makeRoom(
        for name: String,
        among records: [TokenRecord],
        at now: Timestamp
    ) throws -> [String] {
        if let known = records.first(where: { $0.name == name }) {
            guard known.madeBy != nil else {
                throw OperationError.conflict("'\(name)' is the name of a token file; choose another")
            }
            guard known.isOver(at: now) else {
                throw OperationError.conflict("there is a token '\(name)'; revoke it first, or choose another name")
            }
        }
        guard records.count >= Tokens.countMax else { return [] }
        let gone = records.filter { $0.madeBy != nil && $0.isOver(at: now) }.map(\.name)
        guard !gone.isEmpty else {
            throw OperationError.conflict("there are \(Tokens.countMax) tokens already; revoke some that are not used")
        }
        return gone
    }
}

extension TokenRecord {
    /// Revoked or expired.
    func isOver(at now: Timestamp) -> Bool { self.revokedAt != nil || (self.expiresAt.map { $0 <= now } ?? false) }
}

/// Stores once a minute which tokens were used.
struct TokenUses: Service {
    let tokens: Tokens
    let loop: CoordinatorLoop

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(Tokens.useMilliseconds))
                let used = self.tokens.takeUses()
                guard !used.isEmpty else { continue }
                // What cannot be stored now is stored with the next use.
                try? await self.loop.ask { core in
                    for record in used { try TokenStore(core.connection).noteUse(record) }
                }
            }
        }
    }
}
