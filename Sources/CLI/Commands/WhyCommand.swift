import ArgumentParser
import Domain

/// Runs `postrider why`.
struct WhyCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Why a person did or did not get each campaign's message.",
        discussion: "Example: postrider why ann@example.org --campaign c1"
    )

    @Argument(help: "The person's e-mail address or telephone number.")
    var address: String

    @Option(help: ArgumentHelp("Only this campaign.", valueName: "id"))
    var campaign: String?

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let question = WhyQuestion(address: self.address, campaign: self.campaign)
        let document = try await surroundings.withClient(role: .viewer) { try await $0.post("/v1/why", body: question) }
        try surroundings.show(document, as: WhyAnswer.self) { Self.lines($0, style: surroundings.style) }
    }

    static func lines(_ answer: WhyAnswer, style: Style) -> [String] {
        var lines = ["\(Printable.foreign(answer.address)) is contact \(answer.contact)."]
        if answer.campaigns.isEmpty { lines.append("There is no campaign yet.") }
        for row in answer.suppressions {
            let what = "Suppressed for \(row.channel) since \(row.at): \(row.reason)"
            lines.append(Printable.foreign(row.evidence.isEmpty ? "\(what)." : "\(what) (\(row.evidence))."))
        }
        for event in answer.events { lines.append("\(event.at) \(Printable.foreign(event.text))") }
        for campaign in answer.campaigns {
            let title = "\(Printable.foreign(campaign.id)) \(Printable.foreign(campaign.name))"
            lines += [
                "", "\(style.bold(title)) (\(Printable.foreign(campaign.state))): \(Printable.foreign(campaign.text))",
            ]
            var table = Table([.init(""), .init(""), .init("")])
            for step in campaign.steps {
                table.add(["  \(Printable.foreign(step.what))", Self.word(step.allows), Printable.foreign(step.text)])
                for clause in step.clauses {
                    table.add(["", Self.word(clause.holds), Printable.foreign(clause.expression)])
                }
            }
            for attempt in campaign.attempts {
                let reply = attempt.reply.map { "\($0.code) \($0.status) \($0.text)" } ?? attempt.reason ?? ""
                let what = "\(attempt.at) \(attempt.outcome) \(attempt.worker ?? "") \(reply)"
                table.add(["  attempt", "", Printable.foreign(what)])
            }
            for event in campaign.events {
                table.add(["  event", "", Printable.foreign("\(event.at) \(event.text)")])
            }
            lines += table.lines(style: style).dropFirst()
        }
        if answer.nextCursor != nil { lines += ["", "There are older campaigns; --campaign asks for one."] }
        return lines
    }

    private static func word(_ allows: Bool?) -> String { allows.map { $0 ? "yes" : "no" } ?? "-" }
}

private struct WhyQuestion: Encodable, Sendable {
    var address: String
    var campaign: String?
}

/// Answer of `POST /v1/why`.
struct WhyAnswer: Decodable, Sendable {
    var address: String
    var contact: Int
    var campaigns: [Campaign]
    var suppressions: [SuppressionReport]
    var events: [Event]
    var nextCursor: String?

    struct Campaign: Decodable, Sendable {
        var id: String
        var name: String
        var state: String
        var text: String
        var steps: [Step]
        var attempts: [Attempt]
        var events: [Event]
    }

    struct Event: Decodable, Sendable {
        var at: String
        var kind: String
        var source: String
        var reason: String?
        var detail: String?

        /// In one line, without its time.
        var text: String {
            let more = [self.reason, self.detail].compactMap { $0 }.joined(separator: ", ")
            return "\(self.kind) (\(self.source))\(more.isEmpty ? "" : ": \(more)")"
        }
    }

    struct Step: Decodable, Sendable {
        var what: String
        var allows: Bool?
        var text: String
        var clauses: [Clause]
    }

    struct Clause: Decodable, Sendable {
        var expression: String
        var holds: Bool?
    }

    struct Attempt: Decodable, Sendable {
        var at: String
        var outcome: String
        var reason: String?
        var worker: String?
        var reply: Reply?
    }

    struct Reply: Decodable, Sendable {
        var code: Int
        var status: String
        var text: String
    }

    enum CodingKeys: String, CodingKey {
        case address
        case contact
        case campaigns
        case suppressions
        case events
        case nextCursor = "next_cursor"
    }
}
