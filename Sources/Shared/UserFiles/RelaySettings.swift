package import Domain

/// One of `relays`: a configured way out.
package struct RelaySettings: Sendable {
    /// `name`: 1 to 60 of `a-z`, `0-9`, `-`, `_`, `.`; default `main` for the first.
    package var name: String
    /// `channel`, default `email`.
    package var channel: Channel
    /// Host of `url`.
    package var host: String
    /// Port of `url`; default 25 for `smtp://`, 465 for `smtps://`.
    package var port: Int
    /// `tls`, or what the scheme and the host imply; see ``TransportSecurity``.
    package var security: TransportSecurity
    /// `user` with `password_file`, or `password: ${NAME}`.
    package var credentials: Credentials?
    /// `ca_file`: absolute path of PEM certificates to trust instead of the system's.
    package var certificateFile: String?
    /// `helo`: the name given in EHLO; `nil` leaves it to the worker.
    package var helo: String?
    /// `throttles`, at most eight; default none.
    package var throttles: [Limit]
    package var retries: RetrySettings
    package var timeouts: TimeoutSettings
    /// `cost_per_message`, default 0, up to 1000, in the unit of the budget.
    package var costPerMessage: Double
    /// `dkim`: who signs; `relay` is the default towards loopback, else it must be said.
    package var signing: Signing

    /// What the relay is told at AUTH.
    package struct Credentials: Sendable {
        package var user: String
        package var password: Secret
    }

    /// Who adds the DKIM signature.
    package enum Signing: Hashable, Sendable {
        case relay
        /// We do, with keys of these names in ``Settings/signing``.
        case keys([String])
    }
}

/// What a campaign is sent over.
package enum Channel: String, Sendable, CaseIterable {
    case email
}

/// How a connection to a relay is protected.
package enum TransportSecurity: String, Sendable, CaseIterable {
    /// STARTTLS, or nothing is sent; default except towards loopback.
    case required
    /// STARTTLS when it is offered, certificates unchecked.
    case opportunistic
    /// Never; default towards loopback.
    case off
    /// TLS from the first byte: `smtps://`.
    case implicit
}

/// `retries`: when a deferred message is tried again.
package struct RetrySettings: Hashable, Sendable {
    /// `delays`, 1 to 20, each 1 s to 7 days, default 5m, 15m, 30m, 1h, 2h, 4h.
    ///
    /// The last repeats until the campaign expires.
    package var delaysMilliseconds: [Int64]
    /// `jitter`, default 0.2, 0 to 1: each delay is changed by up to this share of it.
    package var jitter: Double

    package init(delaysMilliseconds: [Int64], jitter: Double) {
        self.delaysMilliseconds = delaysMilliseconds
        self.jitter = jitter
    }

    /// What holds without the key: soon for a full mailbox server, then ever less often.
    package static let standard = RetrySettings(
        delaysMilliseconds: [300_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000],
        jitter: 0.2
    )

    /// Longer lists say nothing that a last delay does not.
    package static let delaysMax = 20
}

extension RetrySettings {
    static let keys = KeySet(known: ["delays", "jitter"])

    init(_ node: FileNode, path: String, reading: FileReading) {
        let keys = KeyReader(node, path: path, reading: reading, keys: Self.keys)
        let elements = keys.list("delays", atMost: Self.delaysMax, of: "durations such as [5m, 1h]")
        if let elements, elements.isEmpty { keys.problem("delays", "is empty; allowed: 1 to 20 durations") }
        let delays = (elements ?? []).compactMap {
            path,
            element -> Int64? in
            guard let scalar = reading.scalar(element, path: path) else { return nil }
            guard let delay = DurationText.milliseconds(scalar.text), (1_000...604_800_000).contains(delay) else {
                let allowed = "from 1s to 7d, as \(DurationText.grammar)"
                reading.problem(path, at: scalar.place, "\(quoted(scalar.text)) is not allowed; allowed: \(allowed)")
                return nil
            }
            return delay
        }
        self.delaysMilliseconds = delays.isEmpty ? Self.standard.delaysMilliseconds : delays
        self.jitter = keys.decimal("jitter", default: Self.standard.jitter, in: 0...1)
    }
}

/// Names that stand in commands, file names and metrics.
enum Name {
    static let grammar = "1 to 60 of a-z, 0-9, \"-\", \"_\" and \".\", beginning with a letter or digit"

    static func read(_ text: String) -> String? {
        guard (1...60).contains(text.utf8.count), let first = text.utf8.first else { return nil }
        guard Self.isAlphanumeric(first) else { return nil }
        let allowed = text.utf8.allSatisfy {
            Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
        return allowed ? text : nil
    }

    /// Names of workers stand on the allow-list too, which is stricter.
    static let workerGrammar = "1 to 32 of a-z, 0-9 and \"-\""

    static func readWorker(_ text: String) -> String? {
        let allowed = text.utf8.allSatisfy { Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        return allowed && (1...32).contains(text.utf8.count) ? text : nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
