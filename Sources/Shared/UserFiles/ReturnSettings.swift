import Domain

/// `returns`: where mail about our messages comes back to, and what it leads to.
package struct ReturnSettings: Sendable {
    /// `address`: messages go out with the return path `LOCAL+TOKEN@DOMAIN`.
    package var local: String
    /// Domain of `address`.
    package var domain: String
    /// `listen`: LMTP for the mail server of this machine; `nil` for none.
    package var listen: ListenAddress?
    /// `maildir`: absolute path of a Maildir folder that is read; `nil` for none.
    package var maildir: String?
    /// `poll`, default 5 s, 1 s to 1 hour: how often the folder is looked at.
    package var pollMilliseconds: Int64
    /// `permanent`, default 1, 1 to 10: permanent bounces until an address is suppressed.
    package var permanentMax: Int
    /// `temporary_days`, default 5, 2 to 60: days with a temporary bounce until an address is suppressed.
    package var temporaryDays: Int
    /// `temporary_within`, default 14 days, 1 to 365: how far back those days are counted.
    package var temporaryWithinMilliseconds: Int64

    /// Longest part before the `@`: the token behind it needs the rest of what a local part can have.
    package static let localLengthMax = 15

    private static let keys = KeySet(known: [
        "address", "listen", "maildir", "poll", "permanent", "temporary_days", "temporary_within",
    ])
    private static let day: Int64 = 86_400_000

    /// Reads the group; `nil` when there is none.
    static func read(_ parent: KeyReader, folder: String) -> ReturnSettings? {
        guard let node = parent.node("returns") else { return nil }
        let keys = KeyReader(node, path: "returns", reading: parent.reading, keys: Self.keys)
        guard let address = keys.required("address", Self.addressGrammar) else { return nil }
        let parts = address.lowercased().split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, Self.isLocal(parts[0]), parts[1].contains("."), HostAndPort.isName(parts[1]) else {
            keys.problem("address", "\(quoted(address)) is not allowed; allowed: \(Self.addressGrammar)")
            return nil
        }
        let listen: ListenAddress? = keys.value("listen", default: nil, allowed: "127.0.0.1:PORT or [::1]:PORT") {
            ListenAddress($0).flatMap { $0.isLoopback ? .some($0) : nil }
        }
        return ReturnSettings(
            local: parts[0],
            domain: parts[1],
            listen: listen,
            maildir: keys.text("maildir").map { Paths.resolve($0, from: folder) },
            pollMilliseconds: keys.duration("poll", default: 5_000, in: 1_000...3_600_000),
            permanentMax: keys.integer("permanent", default: 1, in: 1...10),
            temporaryDays: keys.integer("temporary_days", default: 5, in: 2...60),
            temporaryWithinMilliseconds: keys.duration(
                "temporary_within",
                default: 14 * Self.day,
                in: Self.day...365 * Self.day
            )
        )
    }

    private static let addressGrammar =
        "an address such as bounces@returns.example.org, with at most \(Self.localLengthMax) letters or digits before the @"

    private static func isLocal(_ text: String) -> Bool {
        (1...Self.localLengthMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
