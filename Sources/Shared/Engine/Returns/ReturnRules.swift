/// What follows from what came back about a message.
package struct ReturnRules: Hashable, Sendable {
    /// What a bounce says of the address.
    ///
    /// The raw value is stored and shown.
    package enum Weight: String, Hashable, Sendable, CaseIterable {
        /// The address is of no use any more.
        case permanent
        /// It may work another day: a full mailbox, a server that is down.
        case temporary
        /// The message or its sender was not liked: it says nothing about the address.
        case policy
    }

    /// Permanent bounces from which on an address is suppressed.
    package var permanentMax: Int
    /// Days with a temporary bounce from which on it is suppressed.
    package var temporaryDays: Int
    /// How far back those days are counted.
    package var temporaryWithinMilliseconds: Int64

    package init(permanentMax: Int = 1, temporaryDays: Int = 5, temporaryWithinMilliseconds: Int64 = 1_209_600_000) {
        self.permanentMax = permanentMax
        self.temporaryDays = temporaryDays
        self.temporaryWithinMilliseconds = temporaryWithinMilliseconds
    }

    /// Whether an address is suppressed after a bounce.
    ///
    /// - Parameters:
    ///   - weight: Of this bounce.
    ///   - permanent: Permanent bounces of the address, this one included.
    ///   - temporaryDays: Days within the time with a temporary bounce, today included.
    /// - Returns: Whether nothing more goes there.
    package func suppresses(_ weight: Weight, permanent: Int, temporaryDays: Int) -> Bool {
        switch weight {
        case .permanent: permanent >= self.permanentMax
        case .temporary: temporaryDays >= self.temporaryDays
        case .policy: false
        }
    }
}
