import Domain
import Engine
import Storage
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
}

/// What is asked before somebody is written to, one piece each, in the order in which it is asked.
///
/// To add one: a case, in its place, and a function like these. It reads by key only, and gives `nil` where it has nothing to say.
enum WhyPiece: CaseIterable {
    case segment
    case suppression
    case variant
    case waiting

    func look(at person: WhyCase, _ queries: PersonQueries) throws(StoreError) -> WhyStep? {
        switch self {
        case .segment: try Self.segment(person, queries)
        case .suppression: try Self.suppression(person, queries)
        case .variant: try Self.variant(person, queries)
        case .waiting: Self.waiting(person)
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
        guard let plan = person.plan else { return nil }
        if let chosen = person.place?.target.variant, plan.file.variants.indices.contains(chosen) {
            return WhyStep("variant", allows: true, "variant \(plan.file.variants[chosen].name) was chosen")
        }
        var held: [Bool] = []
        for condition in plan.conditions {
            held.append(try queries.holds(condition, for: person.person.contact) ?? false)
        }
        let fits = plan.assignment.variant(for: person.person.contact) { held.indices.contains($0) && held[$0] }
        guard let fits, plan.file.variants.indices.contains(fits) else {
            return WhyStep("variant", allows: false, "no variant's condition holds")
        }
        return WhyStep("variant", allows: true, "variant \(plan.file.variants[fits].name) fits")
    }

    /// Until when the message waits.
    private static func waiting(_ person: WhyCase) -> WhyStep? {
        guard let place = person.place, !place.isLeased, let due = place.target.due else { return nil }
        let why = place.reason.flatMap { $0.isEmpty ? nil : ": \(WhyWords.of(reason: $0))" } ?? ""
        return WhyStep("waiting", allows: nil, "waits until \(due.rfc3339)\(why)")
    }
}

/// Sentences for what is stored as a word.
enum WhyWords {
    static func of(reason: String) -> String {
        switch Reason(rawValue: reason) {
        case .suppressed: "the address is suppressed"
        case .noConsent: "there is no leave to write on this channel"
        case .capped: "it would have been one message too many in a time"
        case .noVariant: "no variant's condition held"
        case .missingField: "a field that the text needs is empty"
        case .erased: "the person was erased"
        case .noAddress: "there is no address"
        case .mailbox: "the mailbox does not exist or takes nothing"
        case .policy: "the site refuses us, not the address"
        case .refused: "the relay refused it for good"
        case .render: "the text could not be made with this person's values"
        case .poison: "it brought workers down"
        case .throttled: "the relay or site asked us to slow down"
        case .temporary: "the relay refused it for now"
        case .connection: "the connection was lost before the message was out"
        case .noReply: "the message was out, and no reply came"
        case .orphaned: "the worker that held it never came back"
        case .journalLost: "the worker lost its notes"
        case .restored: "the data were restored; it may have been sent since"
        case .skipped: "it was decided not to send it again"
        default: reason
        }
    }

    /// The verdict of a campaign on a person, as a word and as a sentence.
    static func verdict(_ person: WhyCase, _ steps: [WhyStep]) -> (word: String, text: String) {
        guard let place = person.place else {
            return ("not_in_audience", steps.first { $0.what == "segment" }?.text ?? "not in the audience")
        }
        if place.isLeased { return ("leased", "a worker is about to send it") }
        guard let outcome = place.target.outcome else {
            return ("pending", steps.first { $0.what == "waiting" }?.text ?? "not sent yet")
        }
        let at = place.at.map { " at \($0.rfc3339)" } ?? ""
        let why = place.reason.flatMap { $0.isEmpty ? nil : ": \(self.of(reason: $0))" } ?? ""
        let text =
            switch outcome {
            case .accepted: "sent: the relay took it\(at)"
            case .deferred: "put off\(at)\(why)"
            case .bounced: "refused for good\(at)\(why)"
            case .suppressed: "not sent\(at)\(why)"
            case .inDoubt: "nobody knows whether it was sent\(why)"
            case .expired: "not sent: the campaign's time ran out"
            case .cancelled: "not sent: the campaign was cancelled"
            case .failed: "not sent: our fault\(why)"
            }
        return (outcome.name, text)
    }
}
