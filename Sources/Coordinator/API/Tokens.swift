import Crypto
import Domain
import Foundation

/// The bearer tokens that the API accepts: read once from files, kept only as hashes.
///
/// A file `ROLE.token` or `ROLE-NAME.token` holds one token; its name is the token's identity.
struct Tokens: Sendable {
    /// Shorter tokens could be guessed.
    static let lengthMin = 16
    /// Longer ones do not fit a header line.
    static let lengthMax = 1_024
    /// Bound of a file: a token and the line ends that editors add.
    static let fileBytesMax = 2 * lengthMax
    /// Bound of token files: every request is compared with each.
    static let countMax = 1_000

    private struct Entry: Sendable {
        let digest: SHA256Digest
        let caller: Caller
    }

    private let entries: [Entry]

    /// - Parameter tokens: By caller; for tests.
    init(_ tokens: [Caller: String]) {
        self.entries = tokens.map { Entry(digest: Self.digest($1.utf8), caller: $0) }
    }

    /// Reads every `*.token` of a folder.
    ///
    /// - Throws: ``InvalidTokens`` naming every file that others may read, that holds no token, or whose name says no role.
    init(folder: String) throws(InvalidTokens) {
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
        self.entries = entries
    }

    /// Whose token this is.
    ///
    /// Takes the same time for every token: all hashes are compared, each in constant time.
    func caller(presenting token: some StringProtocol) -> Caller? {
        let presented = Self.digest(token.utf8)
        var found: Caller?
        for entry in self.entries where entry.digest == presented { found = entry.caller }
        return found
    }

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
