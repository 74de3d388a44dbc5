import Domain
import Foundation
import Storage
import Testing

@testable import CoordinatorCore

@Suite("Token files")
struct TokenTests {
    /// A folder of its own with these files, gone when the test ends.
    private func withFolder<Result>(
        _ files: [String: String],
        mode: Int = 0o600,
        body: (String) throws -> Result
    ) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in files {
            let attributes: [FileAttributeKey: Any] = [.posixPermissions: mode]
            #expect(
                FileManager.default.createFile(
                    atPath: "\(folder)/\(name)",
                    contents: Data(text.utf8),
                    attributes: attributes
                )
            )
        }
        return try body(folder)
    }

    @Test("the file's name is the identity, its first word the role")
    func names() throws {
        let files = [
            "viewer.token": "viewer-0123456789\n", "approver-ann.token": "  ann-0123456789ab\r\n",
            "approver-bob-lee.token": "bob-0123456789ab", "notes.txt": "not a token", ".hidden.token": "x",
        ]
        let tokens = try self.withFolder(files) { try Tokens(folder: $0) }
        #expect(tokens.caller(presenting: "viewer-0123456789") == Caller(name: "viewer", role: .viewer))
        #expect(tokens.caller(presenting: "ann-0123456789ab") == Caller(name: "approver-ann", role: .approver))
        #expect(tokens.caller(presenting: "bob-0123456789ab") == Caller(name: "approver-bob-lee", role: .approver))
        #expect(tokens.caller(presenting: "not a token") == nil)
        #expect(tokens.caller(presenting: "ann-0123456789a") == nil)
        #expect(tokens.caller(presenting: "") == nil)
    }

    @Test("a token that others may read is refused", arguments: [0o644, 0o640, 0o604, 0o660, 0o601])
    func mode(mode: Int) throws {
        let error = try self.withFolder(["admin.token": "admin-0123456789ab"], mode: mode) { folder in
            #expect(throws: InvalidTokens.self) { try Tokens(folder: folder) }
        }
        #expect(error?.diagnostics.first?.message.contains("chmod 600") == true)
    }

    @Test(
        "what is no token file is named with what to do",
        arguments: [
            ("boss.token", "boss-0123456789ab", "viewer, operator, approver, admin"),
            ("admin.token", "", "16 to 1024"),
            ("admin.token", "short", "16 to 1024"),
            ("admin.token", "two words of a token", "without blanks"),
            ("admin.token", "é-0123456789abcdefg", "ASCII"),
            ("admin.token", String(repeating: "x", count: 3_000), "2048"),
        ]
    )
    func content(name: String, text: String, hint: String) throws {
        let error = try self.withFolder([name: text]) { folder in
            #expect(throws: InvalidTokens.self) { try Tokens(folder: folder) }
        }
        let diagnostic = try #require(error?.diagnostics.first)
        #expect(diagnostic.file.hasSuffix(name))
        #expect(diagnostic.message.contains(hint), "\(diagnostic.message)")
    }

    @Test("two files with one token would make two callers one")
    func twins() throws {
        let files = ["operator.token": "same-0123456789ab", "approver.token": "same-0123456789ab\n"]
        let error = try self.withFolder(files) { folder in
            #expect(throws: InvalidTokens.self) { try Tokens(folder: folder) }
        }
        #expect(error?.diagnostics.count == 1)
    }

    @Test("a link is no token file")
    func link() throws {
        let error = try self.withFolder(["real": "admin-0123456789ab"]) { folder in
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/admin.token",
                withDestinationPath: "\(folder)/real"
            )
            return #expect(throws: InvalidTokens.self) { try Tokens(folder: folder) }
        }
        #expect(error?.diagnostics.first?.message == "is not a regular file")
    }

    @Test("a folder without tokens, and no folder, say so")
    func empty() throws {
        let empty = try self.withFolder([:]) { folder in
            #expect(throws: InvalidTokens.self) { try Tokens(folder: folder) }
        }
        #expect(empty?.diagnostics.first?.message.contains("postrider init") == true)
        let missing = #expect(throws: InvalidTokens.self) { try Tokens(folder: "/nonexistent/tokens") }
        #expect(missing?.diagnostics.first?.file == "/nonexistent/tokens")
    }
}

@Suite("Tokens that were made")
struct MadeTokenTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func record(_ text: String, _ name: String, role: Role = .approver) -> TokenRecord {
        TokenRecord(
            name: name,
            role: role,
            digest: Tokens.digestBytes(text),
            madeAt: Self.now,
            madeBy: "admin",
            expiresAt: Self.now.advanced(byMilliseconds: 1_000)
        )
    }

    @Test("a token that was made counts until it expires or is revoked, from the next request on")
    func life() {
        let tokens = Tokens([Caller(name: "viewer", role: .viewer): "token-of-a-viewer"])
        #expect(tokens.judge(presented: "token-of-ann-1234", at: Self.now) == .unknown)
        var ann = self.record("token-of-ann-1234", "ann")
        tokens.put(ann)
        let caller = Caller(name: "ann", role: .approver)
        #expect(tokens.judge(presented: "token-of-ann-1234", at: Self.now) == .valid(caller))
        let end = Self.now.advanced(byMilliseconds: 1_000)
        #expect(tokens.judge(presented: "token-of-ann-1234", at: end) == .expired(name: "ann", at: end))
        ann.revokedAt = Self.now
        tokens.put(ann)
        #expect(tokens.judge(presented: "token-of-ann-1234", at: Self.now) == .revoked(name: "ann"))
        #expect(tokens.records.map(\.name) == ["ann", "viewer"])
    }

    @Test("the database revokes a file, but not another token in a file of the same name")
    func files() {
        for (text, isRevoked) in [("token-of-a-viewer", true), ("another-viewer-token", false)] {
            let tokens = Tokens([Caller(name: "viewer", role: .viewer): "token-of-a-viewer"])
            var row = TokenRecord(
                name: "viewer",
                role: .viewer,
                digest: Tokens.digestBytes(text),
                madeAt: Self.now,
                madeBy: nil,
                expiresAt: nil
            )
            row.revokedAt = Self.now
            tokens.join([row, self.record("token-of-ann-1234", "ann")])
            let judgement = tokens.judge(presented: "token-of-a-viewer", at: Self.now)
            #expect(judgement == (isRevoked ? .revoked(name: "viewer") : .valid(Caller(name: "viewer", role: .viewer))))
            #expect(tokens.caller(presenting: "token-of-ann-1234") == nil || WallClock.now() < Self.now)
        }
    }

    @Test("uses are stored once a minute")
    func uses() {
        let tokens = Tokens([Caller(name: "viewer", role: .viewer): "token-of-a-viewer"])
        for offset: Int64 in [0, 1, 59_999] {
            _ = tokens.judge(presented: "token-of-a-viewer", at: Self.now.advanced(byMilliseconds: offset))
        }
        #expect(tokens.takeUses().map(\.usedAt) == [Self.now])
        #expect(tokens.takeUses().isEmpty)
        _ = tokens.judge(presented: "token-of-a-viewer", at: Self.now.advanced(byMilliseconds: 60_000))
        #expect(tokens.takeUses().map(\.usedAt) == [Self.now.advanced(byMilliseconds: 60_000)])
    }
}
