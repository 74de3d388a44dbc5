import Domain
import Storage

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
        case .evidence: "no reply came, and what came back later shows it"
        case .mailbox: "the mailbox does not exist or takes nothing"
        case .policy: "the site refuses us, not the address"
        case .refused: "the relay refused it for good"
        case .outsideHours: "the hours in which they may be written to did not come again in time"
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

    /// Steps that keep a message that is still to come, the weightiest first.
    private static let holding: [WhyPiece] = [
        .suppression, .consent, .variant, .fields, .state, .guards, .caps, .hours, .waiting,
    ]

    /// The verdict of a campaign on a person, as a word and as a sentence.
    static func verdict(_ person: WhyCase, _ steps: [WhyStep]) -> (word: String, text: String) {
        guard let place = person.place else {
            return ("not_in_audience", steps.first { $0.what == "segment" }?.text ?? "not in the audience")
        }
        if place.isLeased { return ("leased", "a worker is about to send it") }
        guard let outcome = place.target.outcome else {
            let held = Self.holding.lazy.compactMap { piece in
                steps.first { $0.what == piece.rawValue && $0.allows != true }
            }
            return ("pending", held.first.map { "not sent yet: \($0.text)" } ?? "not sent yet")
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
            case .expired: why.isEmpty ? "not sent: the campaign's time ran out" : "not sent\(why)"
            case .cancelled: "not sent: the campaign was cancelled"
            case .failed: "not sent: our fault\(why)"
            }
        return (outcome.name, text)
    }
}
