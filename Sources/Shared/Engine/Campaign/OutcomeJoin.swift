package import Domain

/// How facts about one target come together: a later report never makes less of what is known.
///
///     accepted > bounced, failed > in doubt > deferred > pending
///
/// `suppressed`, `cancelled` and `expired` are decisions not to send; only the fact that a message was accepted after all, or is in
/// doubt, outranks them.
package enum OutcomeJoin {
    /// - Parameters:
    ///   - reported: What a worker says.
    ///   - known: What is recorded; `nil` is pending.
    /// - Returns: Whether `reported` replaces `known`.
    package static func replaces(_ reported: Outcome, known: Outcome?) -> Bool {
        guard let known else { return true }
        return Self.rank(reported) > Self.rank(known)
    }

    private static func rank(_ outcome: Outcome) -> Int {
        switch outcome {
        case .deferred: 1
        case .suppressed, .cancelled, .expired: 2
        case .inDoubt: 3
        case .bounced, .failed: 4
        case .accepted: 5
        }
    }
}
