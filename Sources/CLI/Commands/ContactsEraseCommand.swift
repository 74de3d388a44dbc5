import ArgumentParser
import Foundation

/// Runs `postrider contacts erase`.
struct ContactsEraseCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Erases everything about a person; a keyed hash of the address keeps them from being written to.",
        discussion: HelpText.with(examples: "postrider contacts erase gone@example.org")
    )

    @Argument(help: "An e-mail address or a telephone number.")
    var address: String

    @Flag(help: "Do not ask at the terminal.")
    var yes = false

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        guard self.yes || Self.isConfirmed(self.address, surroundings) else {
            throw Failure(.failed, "nothing was erased")
        }
        let body = PersonBody(address: self.address)
        let document = try await surroundings.withClient {
            try await $0.post("/v1/contacts/erase", body: body, timeout: nil)
        }
        try surroundings.show(document, as: ErasureDocument.self) { Self.lines($0) }
    }

    static func lines(_ erasure: ErasureDocument) -> [String] {
        var lines: [String] = []
        if erasure.contacts == 0 {
            lines.append("Nobody had this address.")
        } else {
            lines.append("Erased. Messages in the ledger that know nobody any more: \(erasure.messages).")
        }
        if erasure.rejectedRows > 0 { lines.append("Rejected rows that were emptied: \(erasure.rejectedRows).") }
        lines.append(
            "What stays is a hash in the list of suppressed addresses: \(erasure.hashes.joined(separator: ", "))"
        )
        if !erasure.mentions.isEmpty {
            lines.append("Named in documents of yours, which were left as they are:")
            lines += erasure.mentions.map { "  \(Printable.foreign($0))" }
        }
        return lines
    }

    /// What whoever sits at the terminal says; where nobody sits there, the command is meant.
    private static func isConfirmed(_ address: String, _ surroundings: Surroundings) -> Bool {
        guard !surroundings.isJSON, isatty(STDIN_FILENO) == 1, surroundings.terminal.isErrorTerminal else {
            return true
        }
        surroundings.terminal.raw("Everything about \(Printable.foreign(address)) goes, for good. Erase? [y/N] ")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}

/// Answer of `POST /v1/contacts/erase`.
struct ErasureDocument: Decodable, Sendable {
    var contacts: Int
    var messages: Int
    var rejectedRows: Int
    var hashes: [String]
    var mentions: [String]

    enum CodingKeys: String, CodingKey {
        case contacts, messages, hashes, mentions
        case rejectedRows = "rejected_rows"
    }
}
