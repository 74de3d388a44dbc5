/// Where a campaign stands: `draft → submitted → approved → running ⇄ paused → finished`, or `cancelled`.
package enum CampaignState: String, Hashable, Sendable, CaseIterable {
    case draft
    case submitted
    case approved
    case running
    case paused
    case finished
    case cancelled
}

/// What a token may do.
///
/// Each role may do what the ones before it may.
package enum Role: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Reads.
    case viewer
    /// Also imports, submits, starts, pauses, resumes, cancels, retries, resolves.
    case `operator`
    /// Also approves, and overrides a guard.
    case approver
    /// Everything.
    case admin

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

    package var name: String {
        switch self {
        case .viewer: "viewer"
        case .operator: "operator"
        case .approver: "approver"
        case .admin: "admin"
        }
    }

    package init?(name: some StringProtocol) {
        guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }
}

/// What happens to a message whose last byte went out and whose reply never came.
package enum OnDoubt: String, Hashable, Sendable, CaseIterable {
    /// It stays in doubt until a person decides: nobody is written to twice.
    case hold
    /// It is sent once more: nobody is left out.
    case resend
}
