package import Domain

/// Which acts a campaign's state allows.
///
///     submitted --approve--> approved --start--> running ⇄ paused
///         |                     |                   |        |
///         +-------cancel--------+-------------------+--------+--> cancelled
///                                                   +--finished (nothing pending, leased or deferred)
///                                                         +--retry--> running
package enum CampaignLifecycle {
    /// What can be done to a campaign.
    package enum Act: String, Hashable, Sendable, CaseIterable {
        case approve
        case start
        case pause
        case resume
        case cancel
        case replace
        /// Some of its targets are tried again, failures or doubts.
        case retry
        /// Doubts are decided without another attempt.
        case skip
    }

    /// Why an act is refused: one sentence for the operator.
    package struct Refusal: Error, Hashable, Sendable {
        package let text: String
    }

    /// - Returns: The state after the act.
    package static func after(_ act: Act, in state: CampaignState) throws(Refusal) -> CampaignState {
        switch (act, state) {
        // Once more when the first approval has expired.
        case (.approve, .submitted), (.approve, .approved): return .approved
        case (.start, .approved): return .running
        case (.pause, .running): return .paused
        case (.resume, .paused): return .running
        case (.cancel, .submitted), (.cancel, .approved), (.cancel, .running), (.cancel, .paused): return .cancelled
        case (.replace, .draft), (.replace, .submitted), (.replace, .approved): return .submitted
        case (.retry, .running), (.retry, .finished): return .running
        // Whoever paused it had a reason; it goes on with the rest.
        case (.retry, .paused): return .paused
        case (.skip, .running), (.skip, .paused), (.skip, .finished), (.skip, .cancelled): return state
        // Asked twice is answered as once.
        case (.pause, .paused), (.cancel, .cancelled): return state
        case (.resume, .running), (.start, .running): return state
        case (.start, .paused):
            throw Refusal(text: "cannot start a campaign that is paused, since it was started before; resume it")
        default:
            let allowed = CampaignState.allCases.filter { Self.isAllowed(act, in: $0) }.map(\.rawValue)
            throw Refusal(
                text: "cannot \(act.rawValue) a campaign that is \(state.rawValue); it must be "
                    + allowed.joined(separator: " or ")
            )
        }
    }

    private static func isAllowed(_ act: Act, in state: CampaignState) -> Bool {
        switch (act, state) {
        case (.approve, .submitted), (.approve, .approved), (.start, .approved), (.pause, .running), (.resume, .paused):
            true
        case (.cancel, .submitted), (.cancel, .approved), (.cancel, .running), (.cancel, .paused): true
        case (.replace, .draft), (.replace, .submitted), (.replace, .approved): true
        case (.retry, .running), (.retry, .paused), (.retry, .finished): true
        case (.skip, .running), (.skip, .paused), (.skip, .finished), (.skip, .cancelled): true
        default: false
        }
    }
}
