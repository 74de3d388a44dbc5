import ArgumentParser
import Domain
import Foundation

/// Runs `postrider campaign preview`.
struct CampaignPreviewCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "The messages that people would get, rendered; nothing is sent to them.",
        discussion: """
            Where several variants fit, the one is shown that the draw gives in a preview; a campaign that was submitted may draw \
            another one.

            Example:
              postrider campaign preview first-caucus.yaml --sample 5 --out previews
            """
    )

    @Argument(help: "The campaign file.", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("Whose message to show.", valueName: "address"))
    var contact: String?

    @Option(help: ArgumentHelp("How many people of the audience, drawn at random (at most 100).", valueName: "n"))
    var sample: Int?

    @Option(help: ArgumentHelp("Draw the same people again.", valueName: "number"))
    var seed: Int?

    @Option(
        help: ArgumentHelp(
            "Write the whole messages: one into FILE.eml, several into a folder, as CONTACT.eml.",
            valueName: "path"
        ),
        completion: .file()
    )
    var out: String?

    @Option(
        name: .customLong("send-to"),
        help: ArgumentHelp(
            "Send them to one of the test_addresses in postrider.yaml, with [Test] before the subject (at most 10).",
            valueName: "address"
        )
    )
    var sendTo: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard (self.contact == nil) != (self.sample == nil) else {
            throw ValidationError("Say either --contact ADDRESS or --sample N.")
        }
        if let sample, !(1...100).contains(sample) { throw ValidationError("--sample must be 1 to 100.") }
        if self.sendTo != nil, self.sample ?? 1 > 10 { throw ValidationError("--send-to sends at most 10 messages.") }
        if self.seed != nil, self.sample == nil { throw ValidationError("--seed is of no use without --sample.") }
        if let seed, seed < 0 { throw ValidationError("--seed must be a whole number from 0 on.") }
    }

    private struct Body: Encodable {
        let file: String
        let source: String
        let files: [String: String]
        let contact: String?
        let sample: Int?
        let seed: Int?
        let sendTo: String?

        enum CodingKeys: String, CodingKey {
            case file
            case source
            case files
            case contact
            case sample
            case seed
            case sendTo = "send_to"
        }
    }

    func run(in surroundings: Surroundings) async throws {
        let upload = try CampaignUpload.read(self.file)
        let body = Body(
            file: upload.file,
            source: upload.source,
            files: upload.files,
            contact: self.contact,
            sample: self.sample,
            seed: self.seed ?? Int.random(in: 0..<1_000_000),
            sendTo: self.sendTo
        )
        let document = try await surroundings.withClient { try await $0.post("/v1/campaigns/preview", body: body) }
        let messages = try document.decode(CampaignPreview.self).messages
        if let out { try self.write(messages, to: out, surroundings) }
        if let sendTo { return try self.show(messages, sentTo: sendTo, document, surroundings) }
        guard self.out == nil || surroundings.isJSON else { return }
        let style = surroundings.style
        try surroundings.show(document, as: CampaignPreview.self) { preview in
            guard !preview.messages.isEmpty else { return ["Nobody is in this audience."] }
            return Array(preview.messages.map { Self.lines($0, style: style) }.joined(separator: ["", ""]))
        }
    }

    private func show(
        _ messages: [CampaignPreview.Message],
        sentTo recipient: String,
        _ document: Document,
        _ surroundings: Surroundings
    ) throws {
        try surroundings.show(document, as: CampaignPreview.self) { _ in
            messages.map { message in
                let test = message.test
                let word = test?.accepted == true ? "sent" : "not sent"
                // Without a message there was nothing to send, and the preview says why.
                let said = test?.text ?? message.excluded ?? "there is no message for this contact"
                let text = "\(recipient), as contact \(message.contact): \(word): \(said)"
                return Printable.foreign(text)
            }
        }
        guard messages.allSatisfy({ $0.test?.accepted == true }) else {
            throw Failure(.failed, "not every test was sent")
        }
    }

    static func lines(_ message: CampaignPreview.Message, style: Style) -> [String] {
        var lines = ["To: \(Printable.foreign(message.address))  (contact \(message.contact))"]
        if let variant = message.variant { lines.append("Variant: \(Printable.foreign(variant))") }
        if let reason = message.excluded {
            lines.append(style.yellow("Would not be sent: \(Printable.foreign(reason))"))
        }
        guard let subject = message.subject else { return lines }
        lines.append("Subject: \(style.bold(Printable.foreign(subject)))")
        lines.append("")
        // Line by line: an escape in a value must not reach the terminal.
        let text = message.text ?? message.html ?? ""
        lines += text.split(separator: "\n", omittingEmptySubsequences: false).map { Printable.foreign(String($0)) }
        return lines
    }

    private func write(
        _ messages: [CampaignPreview.Message],
        to path: String,
        _ surroundings: Surroundings
    ) throws(Failure) {
        do {
            if self.sample != nil {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            for message in messages {
                guard let text = message.message else {
                    surroundings.terminal.note(
                        "contact \(message.contact): not written, \(Printable.foreign(message.excluded ?? "no message"))"
                    )
                    continue
                }
                let target = self.sample == nil ? path : "\(path)/\(message.contact).eml"
                try Data(text.utf8).write(to: URL(fileURLWithPath: target))
                if !surroundings.isJSON { surroundings.terminal.line(target) }
            }
        } catch {
            throw Failure(.failed, "\(path) cannot be written: \(error.localizedDescription)")
        }
    }
}

/// Answer of `POST /v1/campaigns/preview`.
struct CampaignPreview: Decodable, Sendable {
    var messages: [Message]

    struct Message: Decodable, Sendable {
        var contact: Int64
        var address: String
        var variant: String?
        var excluded: String?
        var subject: String?
        var text: String?
        var html: String?
        var message: String?
        var test: Test?
    }

    struct Test: Decodable, Sendable {
        var accepted: Bool
        var text: String
    }
}

/// Runs `postrider campaign clone`.
struct CampaignCloneCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "clone",
        abstract: "Hands a campaign in once more, as a new one, and prints its id.",
        discussion: """
            The new campaign has the file, templates and segments of the old one, and needs its own approval. With --unsent it is for \
            those people of an ended campaign who got nothing of it: nobody whose message was taken, or may have been.

            Example:
              postrider campaign clone c1
              postrider campaign clone c1 --unsent --budget 5000
            """
    )

    @Argument(help: "The campaign.")
    var id: String

    @Flag(help: "Only for people of it who got nothing of it; it must be finished or cancelled.")
    var unsent = false

    @Option(help: ArgumentHelp("In place of its budget: so many messages.", valueName: "n"))
    var budget: Int?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if let budget, !(1...Limit.quantityMax).contains(budget) {
            throw ValidationError("--budget must be 1 to \(Limit.quantityMax).")
        }
    }

    func run(in surroundings: Surroundings) async throws {
        let path = CampaignCommand.path(self.id, "/clone")
        let query = [("unsent", self.unsent ? "true" : nil), ("budget", self.budget.map(String.init))]
        let document = try await surroundings.withClient { try await $0.post(path, query) }
        try surroundings.show(document, as: SubmittedCampaign.self) { [Printable.foreign($0.id)] }
        guard !surroundings.isJSON else { return }
        surroundings.warn(try document.decode(SubmittedCampaign.self).diagnostics.map(\.diagnostic))
    }
}
