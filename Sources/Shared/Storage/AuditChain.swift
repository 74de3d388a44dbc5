import Crypto
package import Domain

/// One act that changed something: a row of the audit.
package struct AuditEntry: Hashable, Sendable {
    package let at: Timestamp
    /// The token's name, or `coordinator` for what it decided by itself.
    package let who: String
    /// As in `approve` or `token_add`.
    package let act: String
    /// What it was done to, as in `c7`.
    ///
    /// Never an address: people are erased, the audit stays.
    package let subject: String
    /// Digest of the content the act was about, as hex; empty where there is none.
    package let digest: String
    /// The address that the request came from; empty for the coordinator's own acts and for rows older than this column.
    package let origin: String

    package init(at: Timestamp, who: String, act: String, subject: String, digest: String, origin: String) {
        self.at = at
        self.who = who
        self.act = act
        self.subject = subject
        self.digest = digest
        self.origin = origin
    }
}

/// The place of the newest row: its number, and a hash that covers it and all before it.
package struct AuditHead: Hashable, Sendable {
    package let row: Int64
    package let hash: [UInt8]

    package init(row: Int64, hash: [UInt8]) {
        self.row = row
        self.hash = hash
    }

    /// As it is stored and logged: `7:9f86d0…`.
    package var text: String { "\(self.row):\(self.hash.hexadecimal)" }

    /// Reads ``text``.
    init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let row = Int64(parts[0]), let hash = [UInt8](hexadecimal: parts[1]) else { return nil }
        self.row = row
        self.hash = hash
    }
}

/// How rows of the audit hang together: each row's hash covers its own columns and the hash of the row before.
///
/// SHA-256 without a key. Who can write the coordinator's database runs as its user and could read a key beside it, too; and
/// without one anybody can verify an exported audit, and nobody who may verify could forge. What convicts someone
/// who computes the whole chain anew is the newest hash, which every act also puts into the log, out of the database's reach.
package enum AuditChain {
    /// What the first row follows on.
    static let start: [UInt8] = []

    private static let version: [UInt8] = Array("postrider audit 1\n".utf8)

    /// Hash of a row: the format's name, the previous hash, number and time as eight bytes, and the texts, everything of
    /// variable length preceded by its length in eight bytes; big-endian.
    ///
    /// - Parameters:
    ///   - previous: Hash of the row before.
    ///   - row: The row's number.
    ///   - at: Its time in milliseconds.
    ///   - texts: `who`, `act`, `subject`, `digest` and `origin`, as bytes: what is no UTF-8 any more must not look as before.
    /// - Returns: 32 bytes.
    static func hash(after previous: [UInt8], row: Int64, at: Int64, texts: [[UInt8]]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Self.version)
        Self.add(previous, to: &hash)
        Self.add(row, to: &hash)
        Self.add(at, to: &hash)
        for text in texts { Self.add(text, to: &hash) }
        return Array(hash.finalize())
    }

    private static func add(_ bytes: [UInt8], to hash: inout SHA256) {
        Self.add(Int64(bytes.count), to: &hash)
        hash.update(data: bytes)
    }

    private static func add(_ number: Int64, to hash: inout SHA256) {
        withUnsafeBytes(of: number.bigEndian) { hash.update(bufferPointer: $0) }
    }
}
