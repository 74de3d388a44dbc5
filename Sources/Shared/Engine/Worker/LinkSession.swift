package import Domain

/// Where a worker stands with its coordinator.
///
///     away --connected--> greeting --welcome--> settled
///      ^                    ^  |                   |
///      |                    |  +--5 s: Hello again |
///      |                    +---session unknown----+
///      +--------------------disconnected-----------+
package struct LinkSession {
    /// How long a `Welcome` may take before `Hello` is said again: the coordinator may have been restarting.
    package static let helloInterval: Int64 = 5_000

    private enum State {
        case away
        case greeting(lastHello: Instant?)
        case settled(session: UInt64, lastSequence: UInt64)
    }

    private var state = State.away

    package init() {}

    /// The session that frames are sent in; `nil` until welcomed.
    package var session: UInt64? {
        if case .settled(let session, _) = self.state { session } else { nil }
    }

    package var isConnected: Bool {
        if case .away = self.state { false } else { true }
    }

    /// The connection is made: a `Hello` has to be said.
    package mutating func connected() {
        // Also from another state: a connection that came back without having been seen to go.
        self.state = .greeting(lastHello: nil)
    }

    /// The connection is lost; what was said in it may not have arrived.
    package mutating func disconnected() { self.state = .away }

    /// Whether `Hello` is to be said now; saying it is noted.
    package mutating func shouldGreet(at now: Instant) -> Bool {
        guard case .greeting(let last) = self.state else { return false }
        if let last, now.milliseconds(since: last) < Self.helloInterval { return false }
        self.state = .greeting(lastHello: now)
        return true
    }

    /// Takes the header of a `Welcome`.
    ///
    /// One that comes while a session holds answers an older `Hello`, and what that listed is not all that is held now.
    ///
    /// - Returns: Whether a new session began.
    package mutating func welcomed(session: UInt64, sequence: UInt64) -> Bool {
        guard session != 0, case .greeting = self.state else { return false }
        self.state = .settled(session: session, lastSequence: sequence)
        return true
    }

    /// Whether a frame belongs to the session and was not seen before; seeing it is noted.
    package mutating func accepts(session: UInt64, sequence: UInt64) -> Bool {
        guard case .settled(let current, let last) = self.state, session == current, sequence > last else {
            return false
        }
        self.state = .settled(session: current, lastSequence: sequence)
        return true
    }

    /// The coordinator does not know the session: it restarted, or gave up on us.
    package mutating func sessionUnknown() {
        guard case .settled = self.state else { return }
        self.state = .greeting(lastHello: nil)
    }
}
