import Crypto
import Domain
import Foundation
import Storage
import Synchronization

/// The bearer tokens that the API accepts, kept only as hashes: files, and those that an admin made.
///
/// A file `ROLE.token` or `ROLE-NAME.token` holds one token; its name is the token's identity. Others are in the database.
/// Both may be revoked; that counts from the next request on.
final class Tokens: Sendable {
    /// Shorter tokens could be guessed.
    static let lengthMin = 16
    /// Longer ones do not fit a header line.
    static let lengthMax = 1_024
    /// Bound of a file: a token and the line ends that editors add.
    static let fileBytesMax = 2 * lengthMax
    /// Bound of token files: every request is compared with each.
    static let countMax = 1_000

    /// What a presented token is.
    enum Judgement: Hashable, Sendable {
        case valid(Caller)
        case unknown
        case expired(name: String, at: Timestamp)
        case revoked(name: String)
    }

    private struct Entry: Sendable {
        let digest: SHA256Digest
        let caller: Caller
    }

    /// A token and what became of it.
    private struct Known: Sendable {
        let digest: [UInt8]
        var record: TokenRecord
        /// The time of its last use is newer than the stored one.
        var isUsed = false
    }

    private let known: Mutex<[Known]>

    /// - Parameter tokens: By caller; for tests.
    convenience init(_ tokens: [Caller: String]) {
        self.init(tokens.map { Entry(digest: Self.digest($1.utf8), caller: $0) })
    }

    private init(_ entries: [Entry]) {
        self.known = Mutex(
            entries.map { entry in
                let digest = Array(entry.digest)
                let record = TokenRecord(
                    name: entry.caller.name,
                    role: entry.caller.role,
                    digest: digest,
                    madeAt: Timestamp(milliseconds: 0),
                    madeBy: nil,
                    expiresAt: nil
                )
                return Known(digest: digest, record: record)
            }
        )
    }

    /// Reads every `*.token` of a folder.
    ///
    /// - Throws: ``InvalidTokens`` naming every file that others may read, that holds no token, or whose name says no role.
    convenience init(folder: String) throws(InvalidTokens) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw InvalidTokens([Diagnostic(file: folder, "this folder of token files cannot be read")])
        }
        var entries: [Entry] = []
        var problems: [Diagnostic] = []
        let tokenFiles = names.filter { $0.hasSuffix(".token") && !$0.hasPrefix(".") }.sorted()
        for name in tokenFiles.prefix(Self.countMax) {
            let path = folder + "/" + name
            switch Self.read(path, stem: String(name.dropLast(".token".count))) {
            case .failure(let problem): problems.append(problem)
            case .success(let entry):
                if let twin = entries.first(where: { $0.digest == entry.digest }) {
                    let message = "holds the same token as \(twin.caller.name).token; each caller needs its own"
                    problems.append(Diagnostic(file: path, message))
                } else {
                    entries.append(entry)
                }
            }
        }
        if tokenFiles.isEmpty {
            problems.append(Diagnostic(file: folder, "there is no token file; postrider init makes them"))
        }
        if tokenFiles.count > Self.countMax {
            problems.append(Diagnostic(file: folder, "there are more than \(Self.countMax) token files"))
        }
        guard problems.isEmpty else { throw InvalidTokens(problems) }
        self.init(entries)
    }

    /// Whose token this is.
    ///
    /// Takes the same time for every token: all hashes are compared, each in constant time.
    func judge(presented token: some StringProtocol, at now: Timestamp) -> Judgement {
        let presented = Self.digest(token.utf8)
        return self.known.withLock { known in
            var found: Int?
            for index in known.indices where presented == known[index].digest { found = index }
            guard let found else { return .unknown }
            let record = known[found].record
            guard record.revokedAt == nil else { return .revoked(name: record.name) }
            if let end = record.expiresAt, end <= now { return .expired(name: record.name, at: end) }
            // To the minute, so that it is seldom written.
            if record.usedAt.map({ now.milliseconds - $0.milliseconds >= Self.useMilliseconds }) ?? true {
                known[found].record.usedAt = now
                known[found].isUsed = true
            }
            return .valid(Caller(name: record.name, role: record.role))
        }
    }

    /// Whose token this is, now.
    func caller(presenting token: some StringProtocol) -> Caller? {
        guard case .valid(let caller) = self.judge(presented: token, at: WallClock.now()) else { return nil }
        return caller
    }

    /// How exactly the last use is known.
    static let useMilliseconds: Int64 = 60_000

    /// What a token is recognised by: its SHA-256.
    static func digestBytes(_ token: String) -> [UInt8] { Array(Self.digest(token.utf8)) }

    private static func digest(_ token: some Collection<UInt8>) -> SHA256Digest {
        SHA256.hash(data: Array(token))
    }

    private static func read(_ path: String, stem: String) -> Result<Entry, Diagnostic> {
        func problem(_ message: String) -> Result<Entry, Diagnostic> { .failure(Diagnostic(file: path, message)) }
        guard let role = Role(name: stem.prefix { $0 != "-" }) else {
            let roles = Role.allCases.map(\.name).joined(separator: ", ")
            return problem("the name must begin with a role (\(roles)), as in operator.token or approver-ann.token")
        }
        // Of the file itself: a symbolic link is no regular file.
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            return problem("cannot be read")
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular else { return problem("is not a regular file") }
        guard let mode = attributes[.posixPermissions] as? Int, mode & 0o077 == 0 else {
            return problem("others may read it; chmod 600 it")
        }
        guard let size = attributes[.size] as? Int, size <= Self.fileBytesMax,
            let bytes = FileManager.default.contents(atPath: path)
        else { return problem("cannot be read, or has more than \(Self.fileBytesMax) bytes") }
        let token = [UInt8](bytes)[...].trimmingBlanks()
        guard (Self.lengthMin...Self.lengthMax).contains(token.count) else {
            return problem("must hold one token of \(Self.lengthMin) to \(Self.lengthMax) characters")
        }
        guard token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return problem("must hold one token of printable ASCII characters without blanks")
        }
        return .success(Entry(digest: Self.digest(token), caller: Caller(name: stem, role: role)))
    }
}

extension Tokens {
    /// All tokens by name, without what they are recognised by.
    var records: [TokenRecord] {
        self.known.withLock { $0.map(\.record) }.sorted { $0.name < $1.name }
    }

    /// Adds what the database knows: tokens that were made, and what became of files.
    ///
    /// A row of a file that is gone, or that holds another token now, counts no more.
    func join(_ records: [TokenRecord]) {
        self.known.withLock { known in
            for record in records {
                let index = known.firstIndex { $0.record.name == record.name }
                switch (index, record.madeBy) {
                case (let index?, nil):
                    if known[index].digest == record.digest { known[index].record = record }
                case (nil, _?): known.append(Known(digest: record.digest, record: record))
                case (_?, _?), (nil, nil): break
                }
            }
        }
    }

    /// Counts a token from now on as the record says, in place of one with the same name.
    func put(_ record: TokenRecord) {
        self.known.withLock { known in
            known.removeAll { $0.record.name == record.name }
            known.append(Known(digest: record.digest, record: record))
        }
    }

    func forget(_ names: [String]) {
        self.known.withLock { known in known.removeAll { names.contains($0.record.name) } }
    }

    /// Tokens whose last use is not stored yet.
    func takeUses() -> [TokenRecord] {
        self.known.withLock { known in
            var used: [TokenRecord] = []
            for index in known.indices where known[index].isUsed {
                known[index].isUsed = false
                used.append(known[index].record)
            }
            return used
        }
    }
}

/// Token files that cannot be used, each with what to do about it.
struct InvalidTokens: Error, Hashable {
    let diagnostics: [Diagnostic]

    init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}

extension ArraySlice<UInt8> {
    fileprivate func trimmingBlanks() -> Self {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard let first = self.firstIndex(where: { !isBlank($0) }), let last = self.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return self[first...last]
    }
}
