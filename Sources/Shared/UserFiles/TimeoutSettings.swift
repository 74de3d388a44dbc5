/// `timeouts`: how long a relay may take for each step before its connection is closed.
///
/// Each from 1 s to 30 min. What RFC 5321 section 4.5.3.2 asks for is the default; a relay of one's own, close by, may be
/// given less.
package struct TimeoutSettings: Hashable, Sendable {
    /// `connect`, default 30s: the TCP connection, and the TLS handshake.
    package var connectMilliseconds: Int64
    /// `greeting`, default 5m: the greeting, and the answers to EHLO, STARTTLS and AUTH.
    package var greetingMilliseconds: Int64
    /// `reply`, default 5m: the answers to MAIL and RCPT.
    package var replyMilliseconds: Int64
    /// `data`, default 2m: the answer to DATA.
    package var dataMilliseconds: Int64
    /// `block`, default 3m: the relay reads nothing of what waits to be written to it.
    package var blockMilliseconds: Int64
    /// `final`, default 10m: the answer to the final dot.
    ///
    /// What is not waited for is `in_doubt`: shortening it frees connections and makes doubts.
    package var finalMilliseconds: Int64

    package init(
        connectMilliseconds: Int64,
        greetingMilliseconds: Int64,
        replyMilliseconds: Int64,
        dataMilliseconds: Int64,
        blockMilliseconds: Int64,
        finalMilliseconds: Int64
    ) {
        self.connectMilliseconds = connectMilliseconds
        self.greetingMilliseconds = greetingMilliseconds
        self.replyMilliseconds = replyMilliseconds
        self.dataMilliseconds = dataMilliseconds
        self.blockMilliseconds = blockMilliseconds
        self.finalMilliseconds = finalMilliseconds
    }

    /// What holds without the key.
    package static let standard = TimeoutSettings(
        connectMilliseconds: 30_000,
        greetingMilliseconds: 300_000,
        replyMilliseconds: 300_000,
        dataMilliseconds: 120_000,
        blockMilliseconds: 180_000,
        finalMilliseconds: 600_000
    )

    /// Less than a second is within what a healthy network loses; nobody waits for more than half an hour.
    package static let allowedMilliseconds: ClosedRange<Int64> = 1_000...1_800_000
}

extension TimeoutSettings {
    static let keys = KeySet(known: ["connect", "greeting", "reply", "data", "block", "final"])

    init(_ node: FileNode, path: String, reading: FileReading) {
        let keys = KeyReader(node, path: path, reading: reading, keys: Self.keys)
        func limit(_ key: String, _ standard: Int64) -> Int64 {
            keys.duration(key, default: standard, in: Self.allowedMilliseconds)
        }
        let standard = Self.standard
        self.init(
            connectMilliseconds: limit("connect", standard.connectMilliseconds),
            greetingMilliseconds: limit("greeting", standard.greetingMilliseconds),
            replyMilliseconds: limit("reply", standard.replyMilliseconds),
            dataMilliseconds: limit("data", standard.dataMilliseconds),
            blockMilliseconds: limit("block", standard.blockMilliseconds),
            finalMilliseconds: limit("final", standard.finalMilliseconds)
        )
    }
}
