import Domain
import Engine

/// What a report says of one person.
enum ReturnMeaning: Hashable, Sendable {
    case bounce(ReturnReport.Bounce)
    case complaint(type: String)
    case unsubscribed
    case delivered
    case opened
    case clicked

    var kind: EventKind {
        switch self {
        case .bounce: .bounced
        case .complaint: .complained
        case .unsubscribed: .unsubscribed
        case .delivered: .delivered
        case .opened: .opened
        case .clicked: .clicked
        }
    }

    /// Whoever said it wants nothing more.
    var isWish: Bool {
        switch self {
        case .complaint, .unsubscribed: true
        case .bounce, .delivered, .opened, .clicked: false
        }
    }

    /// What it shows of a message of which nobody knew whether it was sent; `nil`: nothing.
    var evidence: (outcome: Outcome, reason: Reason)? {
        switch self {
        case .complaint, .unsubscribed, .delivered, .opened, .clicked: (.accepted, .evidence)
        case .bounce(let bounce):
            switch bounce.weight {
            case .permanent: (.bounced, .mailbox)
            case .policy: (.bounced, .policy)
            // Whoever says that it has to wait, has it.
            case .temporary: (.accepted, .evidence)
            }
        }
    }

    /// In a word, for events.
    var reason: String {
        switch self {
        case .bounce(let bounce): bounce.weight.rawValue
        case .complaint(let type): type
        case .unsubscribed, .delivered, .opened, .clicked: ""
        }
    }

    var detail: String {
        if case .bounce(let bounce) = self { bounce.detail } else { "" }
    }

    /// What makes two reports about one message the same: `place` names the message, `copy` the report.
    func once(_ place: String, copy: String) -> String {
        switch self {
        case .bounce(let bounce):
            bounce.weight == .temporary
                ? "bounced:\(place):temporary:\(copy)" : "bounced:\(place):\(bounce.weight.rawValue)"
        // As for a link to unsubscribe.
        case .complaint, .unsubscribed, .delivered, .opened, .clicked: "\(self.kind.rawValue):\(place)"
        }
    }
}

extension EventKind {
    /// What an event of this kind and with this reason shows of its message, as ``ReturnMeaning/evidence`` says.
    func evidence(_ reason: String) -> (outcome: Outcome, reason: Reason)? {
        let meaning: ReturnMeaning
        switch self {
        case .delivered: meaning = .delivered
        case .complained: meaning = .complaint(type: reason)
        case .unsubscribed: meaning = .unsubscribed
        case .opened: meaning = .opened
        case .clicked: meaning = .clicked
        case .bounced:
            guard let weight = ReturnRules.Weight(rawValue: reason) else { return nil }
            meaning = .bounce(.init(address: "", weight: weight, detail: ""))
        case .replied, .converted: return nil
        }
        return meaning.evidence
    }
}

extension ReturnReport.What {
    /// What it says of its message's contact.
    ///
    /// - Parameter isTheirs: Whether the contact has an address, or had it.
    /// - Returns: `nil` when it says nothing of anybody.
    func meaning(ofAddress isTheirs: (String) -> Bool) -> ReturnMeaning? {
        switch self {
        case .complained(let type): .complaint(type: type)
        case .unsubscribed: .unsubscribed
        case .delivered: .delivered
        case .opened: .opened
        case .clicked: .clicked
        case .bounced(let bounces):
            // A mailbox that forwards names the one behind it.
            (bounces.first { isTheirs($0.address) } ?? bounces.first).map { .bounce($0) }
        }
    }
}
