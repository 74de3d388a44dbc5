/// Somebody who was not let in.
package struct Refusal: Hashable, Sendable {
    /// Why a stranger was not let in.
    package enum Cause: String, Hashable, Sendable {
        /// A key that is not on the allow-list.
        case unknownKey
        /// Not CURVE, another domain, or a request that is none: not something that libzmq sends for our socket.
        case malformed
    }

    package let cause: Cause
    /// ``PublicKey/fingerprint``, for logs; empty without a key.
    package let keyFingerprint: String
    /// The peer's IP address; empty when unknown.
    package let address: String
    /// Refusals since the last one that was reported, which were not: there is a limit a second.
    package let unreported: Int
}

/// Counts refusals, so that a flood of them cannot flood the log.
struct RefusalReports {
    private var second: Int64 = 0
    private var reported = 0
    private var unreported = 0

    /// - Returns: `nil` when this second has had its share.
    mutating func report(
        _ cause: Refusal.Cause,
        key: PublicKey?,
        address: String,
        at now: Int64
    ) -> Refusal? {
        if now / 1_000 != self.second { (self.second, self.reported) = (now / 1_000, 0) }
        guard self.reported < Authenticator.reportsPerSecondMax else {
            self.unreported += 1
            return nil
        }
        self.reported += 1
        defer { self.unreported = 0 }
        return Refusal(
            cause: cause,
            keyFingerprint: key?.fingerprint ?? "",
            address: address,
            unreported: self.unreported
        )
    }
}
