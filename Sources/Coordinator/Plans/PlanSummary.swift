import Domain
import Engine

extension PlanAnswer {
    /// Puts together what a campaign would come to.
    init(_ check: CampaignCheck, _ load: CampaignLoad, _ hours: PlanHours, _ outlook: CampaignOutlook) {
        let paid = load.budget?.messages(at: outlook.costPerMessage)
        let wanted = min(load.messages, paid ?? .max)
        var warnings = check.diagnostics
        if let paid, paid < load.messages {
            warnings.append(
                Diagnostic(.warning, "the budget pays for \(paid) of \(load.messages) messages; then it pauses")
            )
        }
        if hours.unread > 0 {
            let examples = hours.unreadExamples.joined(separator: ", ")
            warnings.append(
                Diagnostic(
                    .warning,
                    "\(hours.unread) people have a time zone or country that cannot be read (\(examples)): their window is "
                        + "narrower, as if nothing were known"
                )
            )
        }
        if let zone = hours.homelessZone {
            warnings.append(
                Diagnostic(
                    .warning,
                    "the campaign's zone \(zone) is in no country, and it counts for people of whom nothing is known; set "
                        + "schedule.home_timezone to where they are"
                )
            )
        }
        let finish = Finish(outlook, messages: wanted, start: hours.start)
        let messages = max(0, wanted - finish.unsent)
        if finish.unsent > 0 {
            warnings.append(
                Diagnostic(
                    .warning,
                    "\(finish.unsent) messages would not be sent before it expires at \(hours.expires.rfc3339) "
                        + "(schedule.expires_after)"
                )
            )
        }
        warnings += outlook.holds.map { hold in
            let what = hold.site.map { "site \($0)" } ?? "relay \(load.relay)"
            return Diagnostic(
                .warning,
                "\(what) is held by a guard: \(hold.text); nothing goes there until an approver goes on with "
                    + "'campaign resume --override'"
            )
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
            excluded: check.excluded + Self.never(hours),
            waiting: Self.waiting(hours) + Self.held(load, outlook),
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
            finish: finish,
            diagnostics: warnings
        )
    }
}

extension PlanAnswer {
    fileprivate static func never(_ hours: PlanHours) -> [CampaignCheck.Exclusion] {
        guard hours.never > 0 else { return [] }
        return [CampaignCheck.Exclusion(reason: Reason.outsideHours.rawValue, targets: hours.never)]
    }

    fileprivate static func waiting(_ hours: PlanHours) -> [Waiting] {
        let all = hours.waiting
        var shown = all.prefix(Self.waitingMax).map { Waiting(.hours, targets: $0.people, until: $0.until) }
        if let last = shown.last, all.count > shown.count {
            let rest = all.dropFirst(shown.count).reduce(0) { $0 + $1.people }
            shown[shown.count - 1] = Waiting(.hours, targets: last.targets + rest, until: all.last?.until)
        }
        return shown
    }

    fileprivate static func held(_ load: CampaignLoad, _ outlook: CampaignOutlook) -> [Waiting] {
        let targets = outlook.holds.reduce(0) { sum, hold in
            sum + (hold.site.map { load.sites[$0] ?? 0 } ?? load.messages)
        }
        return targets > 0 ? [Waiting(.guarded, targets: targets, until: nil)] : []
    }
}

extension PlanAnswer.Finish {
    init(_ outlook: CampaignOutlook, messages: Int, start: Timestamp) {
        let answer = outlook.forecast.answer()
        // Whose hours never come are not among the messages.
        let never = outlook.forecast.groups.reduce(0) { $0 + ($1.times.isEmpty ? $1.share : 0) }
        let all = outlook.forecast.queues.reduce(0) { $0 + $1.messages }
        let unsent = min(messages, Int(max(0, answer.unsent - never * all).rounded()))
        var seconds = answer.seconds
        var tightest = Self.text(answer.bottleneck, outlook)
        if let slowest = outlook.slowestSmallSite, slowest.seconds > seconds {
            (seconds, tightest) = (slowest.seconds, slowest.limit)
        }
        self.init(
            seconds: (seconds * 10).rounded() / 10,
            perSecond: seconds > 0 ? (Double(max(0, messages - unsent)) / seconds * 10).rounded() / 10 : 0,
            tightest: tightest,
            startsAt: start,
            endsAt: start.advanced(byMilliseconds: Int64(min(seconds, Self.secondsMax) * 1_000)),
            unsent: unsent
        )
    }

    /// What takes longer takes for ever: 1,000 years.
    private static let secondsMax: Double = 31_557_600_000

    private static func text(_ bottleneck: FinishForecast.Bottleneck, _ outlook: CampaignOutlook) -> String {
        switch bottleneck {
        case .hours: "the hours in which people may be written to"
        case .limit(let text): text
        case .slots(let name): "\(name): its connections, each as fast as the relay answers"
        case .connections: "the workers' \(outlook.connections) connections, each as fast as the relay answers"
        case .machine: "coordinator and workers themselves"
        case .nothing: "nothing is to be sent"
        }
    }
}
