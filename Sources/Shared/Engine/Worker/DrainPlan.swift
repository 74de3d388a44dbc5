package import Domain

/// How a worker goes down: what is open may end, then all is reported, then it leaves; each for a bounded time.
///
///     closing --nothing open, or 30 s--> reporting --all acknowledged, or 3 s--> left
package struct DrainPlan {
    /// How long open messages may take: most relays answer well within it.
    package static let closingMax: Int64 = 30_000
    /// How long acknowledgements may take.
    ///
    /// What was not reported is in the journal and is reported at the next start.
    package static let reportingMax: Int64 = 3_000

    /// What a worker that goes down does next.
    package enum Step: Hashable, Sendable {
        case wait
        /// Time is up: what still waits for its reply is cut off, and in doubt.
        case cut
        /// All is said that can be: close everything.
        case leave
    }

    private enum State {
        case closing(since: Instant)
        case reporting(since: Instant)
        case left
    }

    private var state: State

    package init(at now: Instant) { self.state = .closing(since: now) }

    /// What to do now; asked again and again.
    ///
    /// - Parameters:
    ///   - open: Targets that are with a connection.
    ///   - isReported: Whether every fact was acknowledged.
    ///   - now: The present.
    /// - Returns: `wait` until something is to be done, and after ``Step/leave``.
    package mutating func step(open: Int, isReported: Bool, at now: Instant) -> Step {
        switch self.state {
        case .closing(let since):
            guard open > 0 else {
                self.state = .reporting(since: now)
                return self.step(open: open, isReported: isReported, at: now)
            }
            guard now.milliseconds(since: since) >= Self.closingMax else { return .wait }
            self.state = .reporting(since: now)
            return .cut
        case .reporting(let since):
            guard isReported || now.milliseconds(since: since) >= Self.reportingMax else { return .wait }
            self.state = .left
            return .leave
        case .left:
            return .wait
        }
    }
}
