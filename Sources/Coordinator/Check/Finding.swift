import Domain

/// One thing that `--check` looked at.
struct Finding: Hashable, Sendable, Encodable {
    enum State: String, Hashable, Sendable, Encodable {
        case ok
        /// Nothing that keeps it from working.
        case note
        /// It does not work, or will not for long.
        case wrong
    }

    /// What was looked at: `settings`, `keys`, `tokens`, `data`, `disk`, `ports`, `clock`, `database`, `counts`.
    let check: String
    let state: State
    /// One sentence; no secret, no person's data.
    let text: String
    /// What to do about it.
    @Nullable var remedy: String?

    static func ok(_ check: String, _ text: String) -> Finding {
        Finding(check: check, state: .ok, text: text, remedy: nil)
    }

    static func note(_ check: String, _ text: String, remedy: String? = nil) -> Finding {
        Finding(check: check, state: .note, text: text, remedy: remedy)
    }

    static func wrong(_ check: String, _ text: String, remedy: String) -> Finding {
        Finding(check: check, state: .wrong, text: text, remedy: remedy)
    }
}

/// Everything that `--check` found.
struct Findings: Encodable {
    /// A coordinator works on the data folder now.
    var running: Bool
    var findings: [Finding]
}
