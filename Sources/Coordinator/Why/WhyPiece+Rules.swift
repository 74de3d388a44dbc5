import Domain
import Engine
import Storage
import TimeZones
import UserFiles

/// What is asked of those who are in the audience and may be written to.
extension WhyPiece {
    /// Whether the person gave leave to write on the campaign's channel, as far as the configuration asks for it.
    static func consent(_ person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        let channel = person.record.channel
        let need = person.rules.consent.need(for: channel)
        let wasMissing = person.wasDecided(.noConsent)
        guard person.isAsked, !need.isEmpty || wasMissing, let found = try queries.consent(of: person.person.contact)
        else { return nil }
        let given = found.bases(for: channel).map(\.name).joined(separator: ", ")
        let known = given.isEmpty ? "no basis is known for \(channel)" : "known for \(channel): \(given)"
        guard !need.isEmpty else { return WhyStep("consent", allows: nil, "\(known); by now none is needed") }
        let bases = need.bases(for: channel).map(\.name).joined(separator: " or ")
        let isMissing = need.isDisjoint(with: found)
        let rule = "profile \(person.rules.consent.rawValue) needs \(bases) for \(channel)"
        return WhyStep("consent", allows: !isMissing, "\(rule); \(known)\(wasMissing && !isMissing ? " by now" : "")")
    }

    /// Whether a field is empty that the person's variant needs.
    static func fields(_ person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        guard person.isAsked, let plan = person.plan, let variant = try self.variantIndex(person, queries),
            plan.required.indices.contains(variant)
        else { return nil }
        let needed = plan.required[variant].map { plan.fields[$0] }
        let columns = needed.map { $0.printedExpression(in: "c") }
        guard let values = try queries.values(columns, of: person.person.contact) else { return nil }
        let empty = zip(needed, values).filter { $0.1.isEmpty }.map(\.0.name)
        let name = plan.file.variants[variant].name
        if !empty.isEmpty, person.isUndecided || person.wasDecided(.missingField) {
            let be = empty.count == 1 ? "is" : "are"
            return WhyStep(
                "fields",
                allows: false,
                "\(empty.joined(separator: ", ")) \(be) empty, and variant \(name) needs \(empty.count == 1 ? "it" : "them")"
            )
        }
        guard person.wasDecided(.missingField) else { return nil }
        return WhyStep(
            "fields",
            allows: nil,
            "a field was empty then; by now all that variant \(name) needs are filled"
        )
    }

    /// How long after a decision a message that counted for it may have got its outcome: longer than a lease lasts.
    private static let outcomeMilliseconds: Int64 = 600_000

    /// Whether the person has had as many messages as they may, and which.
    static func caps(_ person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        let wasCapped = person.wasDecided(.capped)
        guard person.isAsked, person.isUndecided || wasCapped, let caps = person.plan?.grants.caps, !caps.isEmpty
        else { return nil }
        let contact = person.person.contact
        let decided = wasCapped ? person.place?.at : nil
        let moment = decided ?? person.now
        let until =
            decided.map { $0.advanced(byMilliseconds: Self.outcomeMilliseconds) } ?? Timestamp(milliseconds: .max)
        let held = wasCapped ? [] : try queries.leasedMessages(to: contact, except: person.record.id)
        var texts: [String] = []
        var allows = !wasCapped
        for cap in caps {
            let messages =
                try queries.messages(
                    to: contact,
                    except: person.record.id,
                    since: moment.advanced(byMilliseconds: -cap.periodMilliseconds),
                    until: until
                ) + held
            let isReached = messages.count >= cap.count
            if isReached { allows = false }
            texts.append(Self.text(cap, messages, isReached: isReached))
        }
        return WhyStep("caps", allows: allows, texts.joined(separator: "; "))
    }

    /// Campaigns named for a cap; more would not be read.
    private static let namedMessages = 5

    private static func text(_ cap: FrequencyCap, _ messages: [PersonQueries.Message], isReached: Bool) -> String {
        let names = messages.suffix(Self.namedMessages).map { message in
            let at = message.at?.rfc3339 ?? "in a worker's hands"
            return "\(message.campaign.publicID) \(message.name) (\(at))"
        }
        let rest = messages.count - names.count
        let list = (rest > 0 ? ["\(rest) more"] : []) + names
        let from = list.isEmpty ? "" : ": \(list.joined(separator: ", "))"
        return "cap \(cap.text) is \(isReached ? "reached" : "not reached"), \(messages.count) of \(cap.count)\(from)"
    }

    /// Whether it is a time at which the person may be written to, and where they are taken to be.
    static func hours(_ person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        let wasOutside = person.wasDecided(.outsideHours)
        guard person.isAsked, person.isUndecided || wasOutside, let window = person.plan?.file.schedule.window,
            var hours = person.hours
        else { return nil }
        let columns = RecipientPlace.columns(among: person.names.fields)
        guard let texts = try queries.values(columns, of: person.person.contact) else { return nil }
        let place = RecipientPlace(texts: texts)
        let found = hours.whereabouts(of: place)
        let moment = (wasOutside ? person.place?.at : nil) ?? person.now
        let answer = hours.clocks == .home ? hours.answerAtHome(at: moment) : hours.answer(for: place, at: moment)
        let hour = found.window == window ? window.text : "\(found.window.text) (\(window.text), narrowed)"
        let within = "\(hour) in \(Self.names(found.zones.names)) (\(Self.text(found.zones, place)))"
        switch answer {
        case .open(let until) where !wasOutside:
            return WhyStep("hours", allows: true, "inside \(within), until \(until.rfc3339)")
        case .open: return WhyStep("hours", allows: false, "there was too little left of \(within)")
        case .closed(let until?) where person.record.expiresAt.map({ until < $0 }) ?? true && !wasOutside:
            return WhyStep("hours", allows: false, "outside \(within); they begin at \(until.rfc3339)")
        case .closed: return WhyStep("hours", allows: false, "outside \(within), which do not come again in time")
        }
    }

    /// Names of zones in one text; more would not be read.
    private static let namedZones = 3

    private static func names(_ zones: [String]) -> String {
        guard zones.count > Self.namedZones else { return zones.joined(separator: " and ") }
        return "\(zones.prefix(Self.namedZones).joined(separator: ", ")) and \(zones.count - Self.namedZones) more"
    }

    /// What the zones were taken from, and what could not be read.
    private static func text(_ zones: RecipientZones, _ place: RecipientPlace) -> String {
        var unread: [String] = []
        if zones.unread.contains(.timezone) { unread.append("their timezone '\(place.timezone.prefix(40))'") }
        if zones.unread.contains(.country) { unread.append("their country '\(place.country.prefix(40))'") }
        let basis = Self.text(zones.basis, place)
        return unread.isEmpty ? basis : "\(basis); \(unread.joined(separator: " and ")) cannot be read"
    }

    private static func text(_ basis: RecipientZones.Basis, _ place: RecipientPlace) -> String {
        switch basis {
        case .timezone: "their field timezone"
        case .postalCode: "from postal code \(place.postalCode)"
        case .phone: "from phone \(place.phone)"
        case .postalCodeAndPhone: "from postal code \(place.postalCode) and phone \(place.phone)"
        case .state: "from state \(place.state)"
        case .country: "from country \(place.country)"
        case .nothing: "nothing says where they are, so anywhere in the campaign's country"
        case .campaign: "the campaign's clocks"
        }
    }

    /// Whether a guard holds what the message would go through.
    static func guards(_ person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        guard person.isAsked, person.isUndecided, person.record.finishedAt == nil else { return nil }
        var scopes: [GuardScope] = [.campaign(person.record.id), .relay(person.record.relay)]
        if let lane = person.place?.lane {
            scopes.append(.lane(lane.campaign, lane.lane))
            if !lane.isTail { scopes.append(.site(lane.site)) }
        }
        guard let held = try queries.hold(of: scopes.map(\.key)) else { return nil }
        let what: String =
            switch GuardScope(key: held.scope) {
            case .campaign: "the campaign is paused by its guard"
            case .relay(let name): "relay \(name) is held by a guard"
            case .site(let name): "site \(name) is held by a guard"
            case .lane: "the campaign's queue of \(person.place?.lane.site ?? "this site") is held by a guard"
            case nil: "held by a guard"
            }
        return WhyStep(
            "guards",
            allows: false,
            "\(what): \(held.text); an approver may go on with 'campaign resume \(person.record.id.publicID) --override'"
        )
    }

    /// Whether the campaign is being sent at all.
    static func state(_ person: WhyCase) -> WhyStep? {
        guard person.isAsked, person.isUndecided else { return nil }
        switch person.record.state {
        case .draft, .submitted: return WhyStep("state", allows: false, "the campaign is not approved yet")
        case .approved:
            let start = person.plan?.file.start(person.rules.zones, home: person.rules.homeZone)
            let when = start.map { "; it starts at \($0.rfc3339)" } ?? ""
            return WhyStep("state", allows: false, "the campaign has not started\(when)")
        case .paused: return WhyStep("state", allows: false, "the campaign is paused")
        case .cancelled: return WhyStep("state", allows: false, "the campaign was cancelled")
        case .running, .finished: return nil
        }
    }

    /// What becomes of a doubt.
    static func doubt(_ person: WhyCase) -> WhyStep? {
        guard let place = person.place, place.target.outcome == .inDoubt else { return nil }
        if place.reason == Reason.skipped.rawValue {
            return WhyStep("doubt", allows: false, "it was decided not to send it again")
        }
        let id = person.record.id.publicID
        let again = place.target.wasDoubted ? "; it was sent again once before" : ""
        return WhyStep(
            "doubt",
            allows: nil,
            "'campaign resolve \(id) --resend' sends it again, '--skip' leaves it\(again)"
        )
    }
}
