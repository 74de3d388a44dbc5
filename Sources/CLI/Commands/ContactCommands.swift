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
        let document = try await surroundings.withClient {
            try await $0.get("/v1/contacts", [("address", self.address)])
        }
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
        table.add(["  first seen", contact.createdAt])
        table.add(["  changed", contact.updatedAt])
        return [style.bold("contact \(contact.contact)")] + table.lines(style: .plain).dropFirst()
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
                terminal.line(try await client.get("/v1/contacts", [("address", address)]).line)
                return
            }
            let form = surroundings.isJSON ? "ndjson" : "csv"
            try await client.stream("/v1/contacts/export", [("form", form)]) { terminal.bytes($0.readableBytesView) }
        }
    }
}

/// Answer of `GET /v1/contacts`.
struct ContactDocuments: Decodable, Sendable {
    var contacts: [ContactDocument]
}

/// CONTACT of docs/api.md.
struct ContactDocument: Decodable, Sendable {
    var contact: Int64
    var fields: [String: String]
    var lists: [String]
    var sources: [Source]
    var consent: [String: [String]]
    var createdAt: String
    var updatedAt: String

    struct Source: Decodable, Sendable {
        var name: String
        var file: String
        var basis: String
        var proof: String
        var channels: [String]
        var at: String
    }

    enum CodingKeys: String, CodingKey {
        case contact, fields, lists, sources, consent
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}
