import ArgumentParser
import Foundation

/// Runs `postrider contacts erase`.
struct ContactsEraseCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Erases everything about people; a keyed hash of the address keeps each from being written to.",
        discussion: HelpText.with(
            examples: "postrider contacts erase gone@example.org",
            "postrider contacts erase --file gone.txt --yes"
        )
    )

    @Argument(help: "E-mail addresses or telephone numbers.")
    var addresses: [String] = []

    @Option(
        help: ArgumentHelp(
            "A file with one address or number a line; - is standard input.",
            discussion:
                "Many are erased together faster than one after the other, since they share the search of the data.",
            valueName: "file"
        ),
        completion: .file()
    )
    var file: String?

    @Flag(help: "Do not ask at the terminal.")
    var yes = false

    @OptionGroup var global: GlobalOptions

    /// People that are asked for at once: they share one search through the database.
    private static let peopleAtOnce = APIClient.requestsMax
    /// Longest list of people.
    private static let fileBytesMax = 16 << 20

    func validate() throws {
        guard self.addresses.isEmpty, self.file == nil else { return }
        throw ValidationError("Name an address or a telephone number, or a file of them with --file.")
    }

    func run(in surroundings: Surroundings) async throws {
        let people = try self.addresses + (self.file.map { try Self.lines(of: $0) } ?? [])
        guard !people.isEmpty else { throw Failure(.badInput, "\(self.file ?? "") names nobody") }
        guard self.yes || self.isConfirmed(people, surroundings) else { throw Failure(.failed, "nothing was erased") }
        try await surroundings.withClient { client in
            if people.count == 1, self.file == nil {
                let document = try await Self.erase(people[0], client)
                try surroundings.show(document, as: ErasureDocument.self) { Self.lines($0) }
            } else {
                try await Self.eraseAll(people, client, surroundings)
            }
        }
    }

    private static func erase(_ person: String, _ client: APIClient) async throws(Failure) -> Document {
        try await client.post("/v1/contacts/erase", body: PersonBody(address: person), timeout: nil)
    }

    /// Erases some at a time, and tells what became of each in the order in which they were named.
    private static func eraseAll(_ people: [String], _ client: APIClient, _ surroundings: Surroundings) async throws {
        var failures = 0
        for start in stride(from: 0, to: people.count, by: Self.peopleAtOnce) {
            let some = Array(people[start..<min(people.count, start + Self.peopleAtOnce)])
            let results = await Self.together(some, client)
            for (person, result) in zip(some, results) {
                do {
                    try Self.show(try result.get(), of: person, surroundings)
                } catch let failure as Failure where [.failed, .badInput, .usage].contains(failure.status) {
                    failures += 1
                    surroundings.terminal.note("\(Printable.foreign(person)): \(failure.message)")
                }
            }
        }
        if failures > 0 { throw Failure(.failed, "\(failures) of \(people.count) were not erased") }
    }

    private static func together(_ people: [String], _ client: APIClient) async -> [Result<Document, any Error>] {
        await withTaskGroup(of: (Int, Result<Document, any Error>).self) { group in
            for (index, person) in people.enumerated() {
                group.addTask {
                    // Not inside the tuple: the optimiser (Swift 6.3) lost the index over the wait, and answers were shown beside the
                    // wrong names.
                    let result: Result<Document, any Error>
                    do {
                        result = .success(try await Self.erase(person, client))
                    } catch {
                        result = .failure(error)
                    }
                    return (index, result)
                }
            }
            var results: [Int: Result<Document, any Error>] = [:]
            for await (index, result) in group { results[index] = result }
            return people.indices.compactMap { results[$0] }
        }
    }

    private static func show(_ document: Document, of person: String, _ surroundings: Surroundings) throws(Failure) {
        var erasure = try document.decode(ErasureDocument.self)
        if surroundings.isJSON {
            erasure.address = person
            try surroundings.show(erasure)
            return
        }
        let what = erasure.contacts == 0 ? "nobody had it" : "erased, messages \(erasure.messages)"
        surroundings.terminal.line("\(Printable.foreign(person)): \(what)")
        for mention in erasure.mentions { surroundings.terminal.line("  named in \(Printable.foreign(mention))") }
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

    /// The people whom a file names.
    private static func lines(of file: String) throws(Failure) -> [String] {
        guard let input = file == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: file) else {
            throw Failure(.badInput, "\(file): \(String(cString: strerror(errno)))")
        }
        var bytes = Data()
        do {
            while bytes.count <= Self.fileBytesMax, let piece = try input.read(upToCount: 65_536), !piece.isEmpty {
                bytes += piece
            }
        } catch {
            throw Failure(.badInput, "\(file) cannot be read: \(error.localizedDescription)")
        }
        guard bytes.count <= Self.fileBytesMax else {
            throw Failure(.badInput, "\(file) has more than \(Self.fileBytesMax >> 20) MiB")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
    }

    /// What whoever sits at the terminal says; where nobody sits there, the command is meant.
    private func isConfirmed(_ people: [String], _ surroundings: Surroundings) -> Bool {
        guard !surroundings.isJSON, isatty(STDIN_FILENO) == 1, surroundings.terminal.isErrorTerminal else {
            return true
        }
        let whom = people.count == 1 ? Printable.foreign(people[0]) : "\(people.count) people"
        surroundings.terminal.raw("Everything about \(whom) goes, for good. Erase? [y/N] ")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}

/// Answer of `POST /v1/contacts/erase`.
struct ErasureDocument: Codable, Sendable {
    /// Who was named, where several were.
    var address: String?
    var contacts: Int
    var messages: Int
    var rejectedRows: Int
    var hashes: [String]
    var mentions: [String]

    enum CodingKeys: String, CodingKey {
        case address, contacts, messages, hashes, mentions
        case rejectedRows = "rejected_rows"
    }
}
