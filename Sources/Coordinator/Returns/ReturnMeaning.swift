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

extension ReturnReport.What {
    /// What it says of its message's contact.
    ///
    /// - Parameter address: The contact's canonical one; `nil` when it was erased.
    /// - Returns: `nil` when it says nothing of anybody.
    func meaning(for address: String?) -> ReturnMeaning? {
        switch self {
        case .complained(let type): .complaint(type: type)
        case .unsubscribed: .unsubscribed
        case .delivered: .delivered
        case .opened: .opened
        case .clicked: .clicked
        case .bounced(let bounces):
            // A mailbox that forwards names the one behind it.
            (bounces.first { $0.address == address } ?? bounces.first).map { .bounce($0) }
        }
    }
}
