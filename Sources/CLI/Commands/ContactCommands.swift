import ArgumentParser
import NIOCore

/// Runs `postrider contacts show`.
struct ContactsShowCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Everything that is known of a person.",
        discussion: HelpText.with(examples: "postrider contacts show ann@example.org")
    )

    @Argument(help: "An e-mail address or a telephone number.")
    var address: String

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let body = PersonBody(address: self.address)
        let document = try await surroundings.withClient { try await $0.post("/v1/contacts/show", body: body) }
        try surroundings.show(document, as: ContactDocuments.self) { documents in
            documents.contacts.flatMap { Self.lines($0, style: surroundings.style) }
        }
    }

    static func lines(_ contact: ContactDocument, style: Style) -> [String] {
        var table = Table([.init(""), .init("")])
        for (name, value) in contact.fields.sorted(by: { $0.key < $1.key }) {
            table.add(["  \(name)", Printable.foreign(value)])
        }
        table.add([
            "  lists", contact.lists.isEmpty ? "none" : Printable.foreign(contact.lists.joined(separator: ", ")),
        ])
        for (channel, bases) in contact.consent.sorted(by: { $0.key < $1.key }) {
            table.add(["  consent, \(channel)", bases.joined(separator: ", ")])
        }
        if contact.consent.isEmpty { table.add(["  consent", "no basis was stated"]) }
        for source in contact.sources {
            let basis =
                source.basis.isEmpty
                ? "no basis stated" : "\(source.basis) for \(source.channels.joined(separator: ", "))"
            let proof = source.proof.isEmpty ? "" : "; proof: \(source.proof)"
            let text = "\(source.name) (\(source.file)), \(source.at), \(basis)\(proof)"
            table.add(["  source", Printable.foreign(text)])
        }
        for one in contact.knownBy {
            let kind = one.kind.replacing("_", with: " ")
            table.add(["  known by", Printable.foreign("\(kind) \(one.value), \(one.at), \(one.import)")])
        }
        for one in contact.imports { table.add(["  import", Printable.foreign("\(one.id) (\(one.file)), \(one.at)")]) }
        table.add(["  first seen", contact.createdAt])
        table.add(["  changed", contact.updatedAt])
        for one in contact.suppressions {
            let evidence = one.evidence.isEmpty ? "" : ": \(one.evidence)"
            table.add(["  suppressed", Printable.foreign("\(one.channel), \(one.reason), \(one.at)\(evidence)")])
        }
        for one in contact.leftLists { table.add(["  left list", Printable.foreign("\(one.list), \(one.at)")]) }
        for one in contact.messages { table.add(["  message", Self.text(of: one)]) }
        for one in contact.events {
            let words = [one.campaign ?? "", one.reason, one.detail].filter { !$0.isEmpty }.joined(separator: ", ")
            table.add(["  event", Printable.foreign("\(one.at) \(one.kind) (\(one.source)) \(words)")])
        }
        return [style.bold("contact \(contact.contact)")] + table.lines(style: .plain).dropFirst()
    }

    /// A message with what was tried last.
    private static func text(of message: ContactDocument.Message) -> String {
        var text = "\(message.campaign) \(message.name), by \(message.relay): \(message.outcome)"
        if let reason = message.reason { text += ", \(reason)" }
        if let last = message.attempts.last {
            text += ", \(last.at)"
            if let reply = last.reply { text += ", \(reply.code) \(reply.status) \(reply.text)" }
        }
        return Printable.foreign(text)
    }
}

/// Runs `postrider contacts export`.
struct ContactsExportCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Everything that is known of a person, or all contacts, on stdout.",
        discussion: HelpText.with(
            examples: "postrider contacts export ann@example.org > ann.json",
            "postrider contacts export > everyone.csv"
        )
    )

    @Argument(help: "An e-mail address or a telephone number; without one, all contacts.")
    var address: String?

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let terminal = surroundings.terminal
        try await surroundings.withClient { client in
            if let address = self.address {
                terminal.line(try await client.post("/v1/contacts/show", body: PersonBody(address: address)).line)
                return
            }
            let form = surroundings.isJSON ? "ndjson" : "csv"
            try await client.stream("/v1/contacts/export", [("form", form)]) { terminal.bytes($0.readableBytesView) }
        }
    }
}

/// Body of `POST /v1/contacts/show` and `erase`.
struct PersonBody: Encodable, Sendable {
    let address: String
}

/// Answer of `POST /v1/contacts/show`.
struct ContactDocuments: Decodable, Sendable {
    var contacts: [ContactDocument]
}

/// PERSON of docs/api.md.
struct ContactDocument: Decodable, Sendable {
    var contact: Int64
    var fields: [String: String]
    var lists: [String]
    var sources: [Source]
    var consent: [String: [String]]
    var createdAt: String
    var updatedAt: String

    var messages: [Message]
    var events: [Event]
    var suppressions: [SuppressionReport]
    var leftLists: [Departure]
    var knownBy: [Alias]
    var imports: [Import]

    struct Message: Decodable, Sendable {
        var campaign: String
        var name: String
        var relay: String
        var outcome: String
        var reason: String?
        var attempts: [Attempt]
    }

    struct Attempt: Decodable, Sendable {
        var at: String
        var outcome: String
        var reply: Reply?
    }

    struct Reply: Decodable, Sendable {
        var code: Int
        var status: String
        var text: String
    }

    struct Event: Decodable, Sendable {
        var at: String
        var kind: String
        var campaign: String?
        var source: String
        var reason: String
        var detail: String
    }

    struct Departure: Decodable, Sendable {
        var list: String
        var at: String
    }

    struct Alias: Decodable, Sendable {
        var kind: String
        var value: String
        var at: String
        var `import`: String
    }

    struct Import: Decodable, Sendable {
        var id: String
        var file: String
        var at: String
    }

    struct Source: Decodable, Sendable {
        var name: String
        var file: String
        var basis: String
        var proof: String
        var channels: [String]
        var at: String
    }

    enum CodingKeys: String, CodingKey {
        case contact, fields, lists, sources, consent, messages, events, suppressions, imports
        case leftLists = "left_lists"
        case knownBy = "known_by"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}
