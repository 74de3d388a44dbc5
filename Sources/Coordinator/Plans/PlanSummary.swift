import Domain
import Engine

extension PlanAnswer {
    /// Puts together what a campaign would come to.
    init(_ check: CampaignCheck, _ load: CampaignLoad, _ outlook: CampaignOutlook) {
        let paid = load.budget?.messages(at: outlook.costPerMessage)
        let messages = min(load.messages, paid ?? .max)
        var warnings = check.diagnostics
        if let budget = load.budget, let paid {
            if paid < load.messages {
                warnings.append(
                    Diagnostic(.warning, "the budget pays for \(paid) of \(load.messages) messages; then it pauses")
                )
            }
            if budget.costMax != nil, outlook.costPerMessage == Money(billionths: 0) {
                warnings.append(
                    Diagnostic(
                        .warning,
                        "max_cost limits nothing: relay \(load.relay) has no cost_per_message in the settings"
                    )
                )
            }
        }
        let sites = load.sites.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        var shown = sites.prefix(Self.sitesMax).map { SiteShare(site: $0.key, targets: $0.value) }
        let rest = sites.dropFirst(Self.sitesMax).reduce(0) { $0 + $1.value }
        if rest > 0 { shown.append(SiteShare(site: "", targets: rest)) }
        self.init(
            name: check.name,
            audience: check.audience,
            messages: messages,
            variants: check.variants,
            missing: check.missing,
            excluded: check.excluded,
            sites: shown,
            cost: (messages * outlook.costPerMessage).amount,
            budget: load.budget.map { budget in
                BudgetShare(
                    maxMessages: budget.messagesMax,
                    maxCost: budget.costMax?.amount,
                    messages: min(paid ?? .max, Limit.quantityMax),
                    covers: paid ?? .max >= load.messages
                )
            },
            relay: RelayShare(
                name: load.relay,
                costPerMessage: outlook.costPerMessage.amount,
                messageMilliseconds: outlook.messageSeconds.map { ($0 * 100_000).rounded() / 100 },
                connections: outlook.connections
            ),
            finish: Finish(outlook, messages: load.messages),
            diagnostics: warnings
        )
    }
}

extension PlanAnswer.Finish {
    init(_ outlook: CampaignOutlook, messages: Int) {
        let answer = outlook.forecast.answer()
        var seconds = answer.seconds
        var tightest = Self.text(answer.bottleneck, outlook)
        if let slowest = outlook.slowestSmallSite, slowest.seconds > seconds {
            (seconds, tightest) = (slowest.seconds, slowest.limit)
        }
        self.init(
            seconds: (seconds * 10).rounded() / 10,
            perSecond: seconds > 0 ? (Double(messages) / seconds * 10).rounded() / 10 : 0,
            tightest: tightest
        )
    }

    private static func text(_ bottleneck: FinishForecast.Bottleneck, _ outlook: CampaignOutlook) -> String {
        switch bottleneck {
        case .limit(let text): text
        case .slots(let name): "\(name): its connections, each as fast as the relay answers"
        case .connections: "the workers' \(outlook.connections) connections, each as fast as the relay answers"
        case .machine: "coordinator and workers themselves"
        case .nothing: "nothing is to be sent"
        }
    }
}
