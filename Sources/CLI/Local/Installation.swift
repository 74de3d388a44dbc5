import Domain
import Foundation
import Transport

/// The folder that `postrider init` makes: settings, keys, tokens and room for data.
///
/// Whatever is there stays as it is, so that it is safe to run twice.
struct Installation {
    /// Absolute.
    let folder: String
    /// Names of what was made, in order, relative to the folder.
    private(set) var created: [String] = []

    init(folder: String) { self.folder = folder }

    /// Makes everything that is missing.
    mutating func make() throws(Failure) {
        try self.makeFolder("", mode: 0o755)
        try self.makeFile("postrider.yaml", StarterSettings.text, mode: 0o644)
        try self.makeSecrets()
        try self.makeFolder("data", mode: 0o700)
    }

    /// Makes keys and tokens that are missing, beside settings that exist.
    mutating func makeSecrets() throws(Failure) {
        try self.makeFolder("keys", mode: 0o700)
        try self.makeCoordinatorKeys()
        try self.makeRecipientKeys()
        try self.makeFile("keys/workers.allow", AllowList().text, mode: 0o600)
        try self.makeFolder("tokens", mode: 0o700)
        for role in Role.allCases {
            try self.makeFile("tokens/\(role.name).token", TokenFile.random() + "\n", mode: 0o600)
        }
    }

    /// Gives `workers` names on the allow-list and keys of their own, keeping those that have them.
    mutating func makeLocalWorkers(_ workers: [String]) throws(Failure) {
        try self.wrapping { (self: inout Self) throws(TransportError) in
            let listPath = self.path("keys/workers.allow")
            let before = try AllowList.read(listPath)
            var list = before
            for name in workers {
                let path = self.path("keys/\(name).key")
                if access(path, F_OK) != 0 {
                    try KeyFile.write(CurveKeyPair.generate(), to: path)
                    self.created.append("keys/\(name).key")
                }
                let key = try KeyFile.read(path).publicKey
                // A key that was made anew replaces the one its name had.
                if list.key(of: name) != key { list = try list.removing(name).adding(name, key) }
            }
            if list != before { try list.write(to: listPath) }
        }
    }

    private mutating func makeCoordinatorKeys() throws(Failure) {
        try self.wrapping { (self: inout Self) throws(TransportError) in
            let path = self.path("keys/coordinator.key")
            if access(path, F_OK) != 0 {
                try KeyFile.write(CurveKeyPair.generate(), to: path)
                self.created.append("keys/coordinator.key")
            }
            let publicPath = self.path("keys/coordinator.pub")
            if access(publicPath, F_OK) != 0 {
                try KeyFile.writePublic(KeyFile.read(path).publicKey, to: publicPath)
                self.created.append("keys/coordinator.pub")
            }
        }
    }

    private mutating func makeRecipientKeys() throws(Failure) {
        // A folder that was used before has its suppressed addresses hashed with the key that is gone: the coordinator says so.
        guard access(self.path("data/postrider.sqlite"), F_OK) != 0 else { return }
        try self.wrapping { (self: inout Self) throws(TransportError) in
            for secret in Self.recipientSecrets
            where try SecretFile.make(self.path("keys/\(secret.name)"), comment: secret.comment) {
                self.created.append("keys/\(secret.name)")
            }
        }
    }

    private static let recipientSecrets = [
        (
            name: "suppression.key",
            comment: "Turns addresses into hashes. Without it the list of suppressed addresses is lost: keep a copy."
        ),
        (
            name: "unsubscribe.key",
            comment: "Signs links to unsubscribe. With another one the links in messages that were sent do not work."
        ),
    ]

    private func path(_ name: String) -> String { name.isEmpty ? self.folder : "\(self.folder)/\(name)" }

    private mutating func makeFolder(_ name: String, mode: mode_t) throws(Failure) {
        let path = self.path(name)
        if name.isEmpty {
            // The folder itself may lie in folders that do not exist yet.
            do {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            } catch {
                throw Failure(.failed, "cannot make the folder \(path): \(error.localizedDescription)")
            }
            return
        }
        if mkdir(path, mode) == 0 {
            self.created.append("\(name)/")
        } else if errno != EEXIST {
            throw Failure(.failed, "cannot make the folder \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Writes a file that does not exist yet, whole or not at all.
    private mutating func makeFile(_ name: String, _ text: String, mode: mode_t) throws(Failure) {
        let path = self.path(name)
        guard access(path, F_OK) != 0 else { return }
        if try NewFile.write(Array(text.utf8), to: path, mode: mode) { self.created.append(name) }
    }

    private mutating func wrapping(
        _ body: (inout Self) throws(TransportError) -> Void
    ) throws(Failure) {
        do {
            try body(&self)
        } catch {
            throw Failure(.failed, error.message)
        }
    }
}

/// Files that are made, never replaced.
enum NewFile {
    /// Writes beside the target first: a run that is interrupted leaves no half of a file that the next run would keep.
    ///
    /// - Returns: `false` when somebody else made the file meanwhile.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(Failure) -> Bool {
        let partial = "\(path).\(getpid()).new"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw Self.failure(path) }
        // The umask may have taken bits away, and a leftover of the same name may have others.
        let isWritten = fchmod(descriptor, mode) == 0 && writeAll(bytes, to: descriptor) && fsync(descriptor) == 0
        let failure = Self.failure(path)
        close(descriptor)
        defer { unlink(partial) }
        guard isWritten else { throw failure }
        // Unlike rename, link fails when the name is taken.
        if link(partial, path) == 0 { return true }
        guard errno == EEXIST else { throw Self.failure(path) }
        return false
    }

    private static func failure(_ path: String) -> Failure {
        Failure(.failed, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
