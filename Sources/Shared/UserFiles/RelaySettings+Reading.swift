import Domain

extension RelaySettings {
    static let keys = KeySet(known: [
        "name", "channel", "url", "user", "password_file", "password", "tls", "ca_file", "helo", "throttles", "retries",
        "timeouts", "cost_per_message", "dkim",
    ])

    /// The relay of a file without `relays`, and of the one that `postrider init` writes.
    static let standard = RelaySettings(
        name: "main",
        channel: .email,
        host: "127.0.0.1",
        port: 2_525,
        security: .off,
        credentials: nil,
        certificateFile: nil,
        helo: nil,
        throttles: [],
        retries: .standard,
        timeouts: .standard,
        costPerMessage: 0,
        signing: .relay
    )

    /// Reads one element of `relays`; relative paths start from `folder`.
    init?(_ node: FileNode, path: String, folder: String, signingNames: [String], reading: FileReading) {
        let keys = KeyReader(node, path: path, reading: reading, keys: Self.keys)
        let name = keys.required("name", Name.grammar) ?? ""
        if !name.isEmpty, Name.read(name) == nil {
            keys.problem("name", "\(quoted(name)) is not allowed; allowed: \(Name.grammar)")
        }
        let channel = Self.channel(keys)
        guard let url = RelayURL.read(keys) else { return nil }
        let isLoopback = HostAndPort.isLoopback(url.host)
        let security = Self.security(keys, url: url, isLoopback: isLoopback)
        let credentials = Self.credentials(keys, folder: folder, isSafe: isLoopback || security.protectsPasswords)
        let certificates = keys.text("ca_file").map { Paths.resolve($0, from: folder) }
        if let certificates { Self.checkReadable(certificates, keys) }
        self.init(
            name: name,
            channel: channel,
            host: url.host,
            port: url.port,
            security: security,
            credentials: credentials,
            certificateFile: certificates,
            helo: Self.helo(keys),
            throttles: keys.limits("throttles"),
            retries: keys.node("retries").map {
                RetrySettings($0, path: keys.path(of: "retries"), reading: reading)
            } ?? .standard,
            timeouts: keys.node("timeouts").map {
                TimeoutSettings($0, path: keys.path(of: "timeouts"), reading: reading)
            } ?? .standard,
            costPerMessage: keys.decimal("cost_per_message", default: 0, in: 0...1_000),
            signing: Signing.read(keys, isLoopback: isLoopback, names: signingNames)
        )
    }

    private static func channel(_ keys: KeyReader) -> Channel {
        if let text = keys.text("channel"), ["sms", "webhook", "print", "canvass"].contains(text) {
            keys.problem("channel", "\(quoted(text)) is not available in this version; allowed: email")
            return .email
        }
        return keys.choice("channel", default: .email)
    }

    private static func security(_ keys: KeyReader, url: RelayURL, isLoopback: Bool) -> TransportSecurity {
        let standard: TransportSecurity = url.isImplicitTLS ? .implicit : isLoopback ? .off : .required
        let said = keys.value("tls", default: standard, allowed: "required, opportunistic, off") {
            $0 == TransportSecurity.implicit.rawValue ? nil : TransportSecurity(rawValue: $0)
        }
        guard url.isImplicitTLS else { return said }
        if said != .implicit, said != .required {
            let word = quoted(said.rawValue)
            keys.problem("tls", "\(word) contradicts smtps://, which is always encrypted; allowed: required")
        }
        return .implicit
    }

    private static func credentials(_ keys: KeyReader, folder: String, isSafe: Bool) -> Credentials? {
        let password = Self.password(keys, folder: folder)
        guard let user = keys.text("user") else {
            if password != nil {
                keys.problem("user", "is missing beside a password")
            }
            return nil
        }
        guard isSafe else {
            let allowed = "tls: required, or a relay on this machine"
            keys.problem("user", "a password is only sent encrypted; allowed: \(allowed)")
            return nil
        }
        guard let password else {
            if !keys.has("password"), !keys.has("password_file") {
                keys.problem("user", "has no password; add password_file: FILE or password: ${NAME}")
            }
            return nil
        }
        return Credentials(user: user, password: password)
    }

    private static func password(_ keys: KeyReader, folder: String) -> Secret? {
        if keys.has("password"), keys.has("password_file") {
            keys.problem("password", "is given twice; allowed: password or password_file")
            return nil
        }
        if let node = keys.node("password") {
            // Written out in the settings it would end up in backups and repositories.
            guard case .scalar(let raw) = node, raw.text.hasPrefix("${"), raw.text.hasSuffix("}") else {
                keys.problem("password", "must not be written out; allowed: ${NAME}, or password_file: FILE")
                return nil
            }
            return keys.text("password").map(Secret.init)
        }
        return keys.secretLine("password_file", folder: folder, of: "password")
    }

    /// Certificate bundles of systems have a quarter of it.
    private static let certificateBytesMax = 4_194_304

    private static func checkReadable(_ path: String, _ keys: KeyReader) {
        do {
            _ = try RegularFile.read(path, RegularFile.Demand(bytesMax: Self.certificateBytesMax))
        } catch {
            keys.problem("ca_file", "\(quoted(path)) \(error.message)")
        }
    }

    private static func helo(_ keys: KeyReader) -> String? {
        keys.value("helo", default: nil, allowed: "a host name such as mail.example.org") { text -> String?? in
            let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
            return HostAndPort.isName(isBracketed ? String(text.dropFirst().dropLast()) : text) ? .some(text) : nil
        }
    }
}

extension TransportSecurity {
    fileprivate var protectsPasswords: Bool { self == .required || self == .implicit }
}

/// The `url` of a relay.
struct RelayURL {
    let host: String
    let port: Int
    let isImplicitTLS: Bool

    private static let grammar = "smtp://HOST[:PORT] or smtps://HOST[:PORT]"

    static func read(_ keys: KeyReader) -> RelayURL? {
        guard let text = keys.required("url", Self.grammar) else { return nil }
        let isImplicitTLS = text.hasPrefix("smtps://")
        guard isImplicitTLS || text.hasPrefix("smtp://") else {
            keys.problem("url", "\(quoted(text)) is not allowed; allowed: \(Self.grammar)")
            return nil
        }
        var rest = String(text.dropFirst(isImplicitTLS ? 8 : 7))
        if rest.hasSuffix("/") { rest.removeLast() }
        if rest.contains("@") {
            // Not shown: the part before the sign may hold a password.
            keys.problem("url", "must not carry a user; allowed: \(Self.grammar) with user: and password_file:")
            return nil
        }
        guard let (host, port) = HostAndPort.split(rest), host != "*", port != 0 else {
            keys.problem("url", "\(quoted(text)) is not allowed; allowed: \(Self.grammar)")
            return nil
        }
        return RelayURL(host: host, port: port ?? (isImplicitTLS ? 465 : 25), isImplicitTLS: isImplicitTLS)
    }
}
