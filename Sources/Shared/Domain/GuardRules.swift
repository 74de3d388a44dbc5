/// When sending is stopped because of what comes back.
///
/// Deferrals stop nothing: sites that ask for patience get it (``SitePace``).
package struct GuardRules: Hashable, Sendable {
    /// A share of messages from which on something follows, once there are enough of them.
    package struct Share: Hashable, Sendable {
        /// 0 to 1.
        package var share: Double
        /// Messages before anything follows: a few say nothing.
        package var after: Int

        package init(share: Double, after: Int) {
            self.share = share
            self.after = after
        }
    }

    /// Bounces among tries; `nil`: never.
    package var bounces: Share?
    /// Complaints among accepted messages, of which the log warns; `nil`: never.
    package var complaintsWarn: Share?
    /// Complaints among accepted messages; `nil`: never.
    package var complaints: Share?
    /// Refusals for what we are (5.7.x) among the last `after` tries of one lane; `nil`: never.
    package var policy: Share?

    /// Mailbox providers ask for less than 0.1 % of complaints and reject from 0.3 % on; lists of which a seventh bounces are bought
    /// or years old.
    package static let standard = GuardRules(
        bounces: Share(share: 0.15, after: 1_000),
        complaintsWarn: Share(share: 0.0008, after: 1_000),
        complaints: Share(share: 0.0025, after: 1_000),
        policy: Share(share: 0.5, after: 200)
    )

    /// Longest run of tries that ``policy`` looks back over.
    package static let policyTriesMax = 1_000

    package init(bounces: Share?, complaintsWarn: Share?, complaints: Share?, policy: Share?) {
        self.bounces = bounces
        self.complaintsWarn = complaintsWarn
        self.complaints = complaints
        self.policy = policy
    }

    /// Which rule it is.
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        case bounces
        case complaints
        case policy
    }
}
