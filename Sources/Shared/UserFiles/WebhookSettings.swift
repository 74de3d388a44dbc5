import Domain

/// One of `webhooks`: a provider that tells what became of messages, at `PUBLIC_URL/w/NAME`.
package struct WebhookSettings: Sendable {
    /// `provider`, and what its requests are checked with.
    package enum Proof: Sendable {
        /// `sendgrid`, `public_key`: what the settings of its signed event webhook show.
        case sendgrid(publicKey: String)
        /// `mailgun`, `key_file`: its HTTP webhook signing key.
        case mailgun(key: Secret)
        /// `postmark`, `user` and `password_file`: what was put before the `@` of the address it was given.
        case postmark(user: String, password: Secret)
        /// `ses`, `topics` and `certificate_file`: ARNs of SNS topics, and the certificate that Amazon signs with, as PEM.
        case ses(topics: [String], certificates: String)
        /// `twilio`, `token_file`: the auth token of the account.
        case twilio(token: Secret)
    }

    /// Its name in the address, and in events.
    package var name: String
    package var proof: Proof

    /// Webhooks of one cluster.
    package static let countMax = 32
    private static let topicsMax = 32
    private static let certificateBytesMax = 65_536
    private static let providers = "sendgrid, mailgun, postmark, ses or twilio"

    /// Reads `webhooks`, which has a provider for each name.
    static func read(_ parent: KeyReader, folder: String) -> [WebhookSettings] {
        guard let node = parent.node("webhooks") else { return [] }
        guard case .map(let entries, _) = node, entries.count <= Self.countMax else {
            parent.problem(
                "webhooks",
                "is \(node.kind); allowed: a group of at most \(Self.countMax) names, each with a provider"
            )
            return []
        }
        return entries.compactMap { entry in
            let path = "webhooks.\(entry.key)"
            guard Name.read(entry.key) != nil else {
                parent.reading.problem(path, at: entry.keyPlace, "is no name; allowed: \(Name.grammar)")
                return nil
            }
            guard let proof = Self.proof(entry.value, path: path, folder: folder, reading: parent.reading) else {
                return nil
            }
            return WebhookSettings(name: entry.key, proof: proof)
        }
    }

    private static func proof(
        _ node: FileNode,
        path: String,
        folder: String,
        reading: FileReading
    ) -> Proof? {
        var provider = ""
        if case .map(let entries, _) = node, let entry = entries.first(where: { $0.key == "provider" }),
            case .scalar(let scalar) = entry.value
        {
            provider = scalar.text
        }
        let own: [String: [String]] = [
            "sendgrid": ["public_key"], "mailgun": ["key_file"], "postmark": ["user", "password_file"],
            "ses": ["topics", "certificate_file"], "twilio": ["token_file"],
        ]
        let keys = KeyReader(
            node,
            path: path,
            reading: reading,
            keys: KeySet(known: ["provider"] + (own[provider] ?? own.values.flatMap(\.self).sorted()))
        )
        switch keys.required("provider", Self.providers) {
        case "sendgrid":
            return keys.required("public_key", "the verification key of its event webhook, in base64")
                .map { .sendgrid(publicKey: $0) }
        case "mailgun":
            guard keys.required("key_file", "a file with the HTTP webhook signing key") != nil else { return nil }
            return keys.secretLine("key_file", folder: folder, of: "signing key").map { .mailgun(key: $0) }
        case "postmark":
            let user = keys.required("user", "the user in the webhook's address")
            guard keys.required("password_file", "a file with the password in its address") != nil,
                let user, let password = keys.secretLine("password_file", folder: folder, of: "password")
            else { return nil }
            return .postmark(user: user, password: password)
        case "ses": return Self.ses(keys, folder: folder)
        case "twilio":
            guard keys.required("token_file", "a file with the account's auth token") != nil else { return nil }
            return keys.secretLine("token_file", folder: folder, of: "auth token").map { .twilio(token: $0) }
        case .some(let other):
            keys.problem("provider", "\(quoted(other)) is not known; allowed: \(Self.providers)")
            return nil
        case nil: return nil
        }
    }

    private static func ses(_ keys: KeyReader, folder: String) -> Proof? {
        let elements = keys.list("topics", atMost: Self.topicsMax, of: "ARNs of SNS topics") ?? []
        let topics = elements.compactMap { path, node in keys.reading.scalar(node, path: path)?.text }
        if topics.isEmpty { keys.problem("topics", "is missing; allowed: a list of ARNs of SNS topics") }
        for topic in topics where !topic.hasPrefix("arn:aws") || !topic.contains(":sns:") {
            keys.problem("topics", "\(quoted(topic)) is no ARN of an SNS topic, such as arn:aws:sns:REGION:NUMBER:NAME")
        }
        guard let file = keys.required("certificate_file", "a file with the certificate that SNS signs with, as PEM")
        else { return nil }
        do {
            let demand = RegularFile.Demand(bytesMax: Self.certificateBytesMax)
            let bytes = try RegularFile.read(Paths.resolve(file, from: folder), demand)
            return .ses(topics: topics, certificates: String(decoding: bytes, as: UTF8.self))
        } catch {
            keys.problem("certificate_file", "\(quoted(file)) \(error.message)")
            return nil
        }
    }
}
