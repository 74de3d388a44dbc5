import Domain
import Engine
import Storage
import TimeZones
import UserFiles

/// One person and one campaign, with what the pieces look at.
struct WhyCase: Sendable {
    let person: PersonQueries.Person
    let record: CampaignRecord
    /// `nil` when the campaign's file cannot be read any more.
    let plan: CampaignPlan?
    /// What conditions may name now.
    let names: ExpressionNames
    /// Where the person stands; `nil` when not in the audience.
    let place: PersonQueries.Place?
    let rules: WhyRules
    let now: Timestamp

    /// Whether the campaign looks at the person at all: in the audience, or perhaps once there is one.
    var isAsked: Bool { self.place != nil || self.record.startedAt == nil }

    /// Whether it is still to be decided what becomes of the person.
    var isUndecided: Bool {
        guard let place else { return self.record.startedAt == nil }
        return !place.isLeased && (place.target.outcome == nil || place.target.outcome == .deferred)
    }

    /// Whether this is why it ended as it did.
    func wasDecided(_ reason: Reason) -> Bool { !self.isUndecided && self.place?.reason == reason.rawValue }

    /// At which hours the campaign is sent; `nil` at all.
    var hours: RecipientHours? { self.plan?.file.hours(home: self.rules.homeZone, self.rules.zones) }
}

/// What is asked before somebody is written to, one piece each, in the order in which it is asked.
///
/// To add one: a case, in its place, and a function like these. It reads by key only, and gives `nil` where it has nothing to say.
///
/// The raw value is ``WhyStep/what``.
enum WhyPiece: String, CaseIterable {
    case segment
    case suppression
    case consent
    case variant
    case fields
    case caps
    case hours
    case guards
    case state
    case waiting
    case doubt

    func look(at person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        switch self {
        case .segment: try Self.segment(person, queries)
        case .suppression: try Self.suppression(person, queries)
        case .consent: try Self.consent(person, queries)
        case .variant: try Self.variant(person, queries)
        case .fields: try Self.fields(person, queries)
        case .caps: try Self.caps(person, queries)
        case .hours: try Self.hours(person, queries)
        case .guards: try Self.guards(person, queries)
        case .state: Self.state(person)
        case .waiting: Self.waiting(person)
        case .doubt: Self.doubt(person)
        }
    }

    /// Whether the person is in the audience, and if not, which part of its condition says so.
    private static func segment(_ person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        guard let rule = person.plan?.file.audience else {
            return WhyStep("segment", allows: person.place != nil, "the campaign's file cannot be read any more")
        }
        var clauses: [WhyStep.Clause] = []
        switch rule {
        case .list(let name):
            let isMember = try queries.isMember(person.person.contact, ofList: name)
            clauses.append(WhyStep.Clause(expression: "list \(name)", holds: isMember))
        case .expression(let text): clauses = try self.clauses(of: text, person, queries)
        case .segment(let name):
            clauses = try self.clauses(of: person.plan?.segments[name] ?? name, person, queries)
        }
        let failed = clauses.first { $0.holds != true }
        return WhyStep("segment", allows: person.place != nil, self.audience(person, failed), clauses: clauses)
    }

    /// Tries each part of a condition for the person.
    private static func clauses(
        of text: String,
        _ person: WhyCase,
        _ queries: PersonQueries
    ) throws(StoreError) -> [WhyStep.Clause] {
        var names = person.names
        // As they were when the campaign was submitted.
        if let segments = person.plan?.segments { names.segments.merge(segments) { _, submitted in submitted } }
        var clauses: [WhyStep.Clause] = []
        for part in ExpressionClauses.split(text) {
            var holds: Bool?
            if case .success(let parsed) = ExpressionParser.parse(part, names: names) {
                holds = try queries.holds(parsed.expression, for: person.person.contact)
            }
            clauses.append(WhyStep.Clause(expression: part, holds: holds))
        }
        return clauses
    }

    private static func audience(_ person: WhyCase, _ failed: WhyStep.Clause?) -> String {
        let why = failed.map { clause in
            clause.holds == nil
                ? "\(clause.expression): a field that it needs is empty" : "\(clause.expression) does not hold"
        }
        if person.place != nil {
            return why.map { "in the audience since it was frozen, although by now \($0)" } ?? "in the audience"
        }
        if let why { return "not in the segment: \(why)" }
        guard person.person.hasEmail else { return "in the segment, but without an e-mail address" }
        guard person.record.startedAt != nil, let bound = person.record.freezeBound else {
            return "in the segment; the audience is frozen when the campaign starts"
        }
        if person.person.contact.rawValue > bound { return "came after the audience was frozen" }
        return person.record.isFrozen
            ? "in the segment now, but not when the audience was frozen"
            : "in the segment; the audience is being frozen"
    }

    /// Whether the address must not be written to.
    private static func suppression(_ person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        guard let found = try queries.suppression(person.record.channel, of: person.person.contact) else {
            return WhyStep("suppression", allows: true, "the address is not suppressed")
        }
        let start = person.record.startedAt
        let when =
            start.map { found.at <= $0 ? ", before the campaign started" : ", after the campaign started" } ?? ""
        return WhyStep(
            "suppression",
            allows: false,
            "the address is suppressed since \(found.at.rfc3339)\(when): \(found.reason)"
        )
    }

    /// Which variant fits.
    private static func variant(_ person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        guard person.isAsked, let plan = person.plan else { return nil }
        guard let index = try self.variantIndex(person, queries) else {
            return WhyStep("variant", allows: false, "no variant's condition holds")
        }
        let wasChosen = person.place?.target.variant != nil
        let name = plan.file.variants[index].name
        return WhyStep("variant", allows: true, "variant \(name) \(wasChosen ? "was chosen" : "fits")")
    }

    /// The variant that was chosen for the person, or would be.
    static func variantIndex(_ person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> Int? {
        guard let plan = person.plan else { return nil }
        if let chosen = person.place?.target.variant, plan.file.variants.indices.contains(chosen) { return chosen }
        var held: [Bool] = []
        for condition in plan.conditions {
            held.append(try queries.holds(condition, for: person.person.contact) ?? false)
        }
        let fits = plan.assignment.variant(for: person.person.contact) { held.indices.contains($0) && held[$0] }
        return fits.flatMap { plan.file.variants.indices.contains($0) ? $0 : nil }
    }

    /// Until when the message waits.
    private static func waiting(_ person: WhyCase) -> WhyStep? {
        guard let place = person.place, !place.isLeased, let due = place.target.due else { return nil }
        let why = place.reason.flatMap { $0.isEmpty ? nil : ": \(WhyWords.of(reason: $0))" } ?? ""
        return WhyStep("waiting", allows: nil, "waits until \(due.rfc3339)\(why)")
    }
}
