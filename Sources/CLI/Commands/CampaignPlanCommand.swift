import ArgumentParser
import Domain

/// Runs `postrider campaign plan`.
struct CampaignPlanCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Whom a campaign file would write to, at what cost, and when it would be done.",
        discussion: """
            The finish is what the limits, the workers connected now and the relay's answers of late let one campaign alone do; what \
            has to be tried again comes on top.

            Example: postrider campaign plan first-caucus.yaml
            """
    )

    @Argument(help: "The campaign file.", completion: .file())
    var file: String

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let upload = try CampaignUpload.read(self.file)
        let document = try await surroundings.withClient { try await $0.post("/v1/campaigns/plan", body: upload) }
        let plan = try document.decode(PlannedCampaign.self)
        let style = surroundings.style
        try surroundings.show(document, as: PlannedCampaign.self) { Self.lines($0, style: style) }
        surroundings.warn(plan.diagnostics.map(\.diagnostic))
    }

    static func lines(_ plan: PlannedCampaign, style: Style) -> [String] {
        let check = CampaignCheck(
            name: plan.name,
            audience: plan.audience,
            variants: plan.variants,
            missing: plan.missing,
            excluded: plan.excluded,
            diagnostics: []
        )
        var lines = CampaignCheckCommand.lines(check, style: style)
        if !plan.sites.isEmpty {
            lines.append("")
            var table = Table([.init("SITE"), .init("PEOPLE", .right)])
            for site in plan.sites {
                let name = site.site.isEmpty ? "(all others)" : Printable.foreign(site.site)
                table.add(["  \(name)", NumberText.grouped(site.targets)])
            }
            lines += table.lines(style: style)
        }
        if !plan.waiting.isEmpty {
            lines.append("")
            var table = Table([.init("WRITTEN TO LATER, BECAUSE"), .init("PEOPLE", .right), .init("FROM")])
            for waiting in plan.waiting {
                table.add([
                    "  \(Printable.foreign(waiting.reason))", NumberText.grouped(waiting.targets),
                    waiting.until.map { Printable.foreign($0) } ?? "not known",
                ])
            }
            lines += table.lines(style: style)
        }
        lines += ["", "Messages:  \(NumberText.grouped(plan.messages))", "Cost:      \(Self.amount(plan.cost))"]
        if let budget = plan.budget {
            let verdict = budget.covers ? "enough" : style.yellow("not enough")
            lines.append("Budget:    \(NumberText.grouped(budget.messages)) messages, \(verdict)")
        }
        lines.append("Relay:     \(Self.relay(plan.relay))")
        let rate = NumberText.grouped(Int(plan.finish.perSecond.rounded()))
        lines += [
            "Start:     \(Printable.foreign(plan.finish.startsAt))",
            "Finish:    \(Printable.foreign(plan.finish.endsAt)), "
                + "\(style.bold(Self.duration(plan.finish.seconds))) after the start, \(rate) a second",
        ]
        lines.append("Tightest:  \(Printable.foreign(plan.finish.tightest))")
        return lines
    }

    private static func relay(_ relay: PlannedCampaign.Relay) -> String {
        let time =
            relay.messageMilliseconds.map { "\(Self.amount($0)) ms a message" }
            ?? "not measured yet, 20 ms assumed"
        return "\(Printable.foreign(relay.name)), \(time), \(relay.connections) connections"
    }

    /// A number without needless zeros.
    private static func amount(_ value: Double) -> String {
        let rounded = (value * 10_000).rounded() / 10_000
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? NumberText.grouped(Int(rounded)) : "\(rounded)"
    }

    /// `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e12 else { return "never" }
        let whole = Int(seconds.rounded(.up))
        switch whole {
        case ..<120: return "\(whole) s"
        case ..<7_200: return "\((whole + 59) / 60) min"
        case ..<172_800: return "\(whole / 3_600) h \(whole % 3_600 / 60) min"
        default: return "\(whole / 86_400) d \(whole % 86_400 / 3_600) h"
        }
    }
}

/// PLAN.
struct PlannedCampaign: Decodable, Sendable {
    var name: String
    var audience: Int
    var messages: Int
    var variants: [CampaignCheck.Variant]
    var missing: [CampaignCheck.Missing]
    var excluded: [CampaignCheck.Excluded]
    var waiting: [Waiting]
    var sites: [Site]
    var cost: Double
    var budget: Budget?
    var relay: Relay
    var finish: Finish
    var diagnostics: [APIDiagnostic]

    struct Waiting: Decodable, Sendable {
        var reason: String
        var targets: Int
        var until: String?
    }

    struct Site: Decodable, Sendable {
        var site: String
        var targets: Int
    }

    struct Budget: Decodable, Sendable {
        var messages: Int
        var covers: Bool
    }

    struct Relay: Decodable, Sendable {
        var name: String
        var messageMilliseconds: Double?
        var connections: Int

        enum CodingKeys: String, CodingKey {
            case name
            case messageMilliseconds = "message_milliseconds"
            case connections
        }
    }

    struct Finish: Decodable, Sendable {
        var seconds: Double
        var perSecond: Double
        var tightest: String
        var startsAt: String
        var endsAt: String

        enum CodingKeys: String, CodingKey {
            case seconds
            case perSecond = "per_second"
            case tightest
            case startsAt = "starts_at"
            case endsAt = "ends_at"
        }
    }
}
