/// Why we may have and use what we know of somebody: the lawful bases of GDPR article 6, and what else people name.
///
/// The raw values are bits in the store: never renumber.
package enum Basis: Int, Hashable, Sendable, CaseIterable {
    /// The person said yes.
    case consent = 0
    /// The person is a member or a customer, and this is part of it.
    case contract = 1
    case legalObligation = 2
    case vitalInterests = 3
    case publicTask = 4
    case legitimateInterests = 5
    /// A register that is open for this use, such as a voter file.
    case publicRecord = 6
    /// Stated in words of the operator's own.
    case other = 7

    /// The word that users write.
    package var name: String {
        switch self {
        case .consent: "consent"
        case .contract: "contract"
        case .legalObligation: "legal_obligation"
        case .vitalInterests: "vital_interests"
        case .publicTask: "public_task"
        case .legitimateInterests: "legitimate_interests"
        case .publicRecord: "public_record"
        case .other: "other"
        }
    }

    /// Reads what an operator wrote: blanks and hyphens count as `_`, and words of their own are ``other``.
    ///
    /// - Returns: `nil` when nothing was written.
    package init?(stated text: String) {
        let word = String(text.lowercased().map { $0 == " " || $0 == "-" ? "_" : $0 })
        guard word.contains(where: { $0 != "_" }) else { return nil }
        let synonyms: [String: Basis] = [
            "opt_in": .consent, "legitimate_interest": .legitimateInterests, "membership": .contract,
            "member": .contract, "voter_file": .publicRecord, "public_interest": .publicTask,
        ]
        self = Self.allCases.first { $0.name == word } ?? synonyms[word] ?? .other
    }
}

/// Which bases somebody gave for which channels, as the store keeps them: a bit for each.
package struct ConsentMarks: OptionSet, Hashable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    /// The channels that there are, in the order of their bits: only ever added to.
    package static let channels = ["email", "sms", "webhook", "print", "canvass"]
    private static let bitsPerChannel = 12

    /// One basis for one channel; empty for a channel that there is not.
    package init(_ basis: Basis, _ channel: String) {
        guard let index = Self.channels.firstIndex(of: channel) else {
            self.init(rawValue: 0)
            return
        }
        self.init(rawValue: 1 << Int64(index * Self.bitsPerChannel + basis.rawValue))
    }

    /// The bases for one channel.
    package func bases(for channel: String) -> [Basis] {
        Basis.allCases.filter { !self.isDisjoint(with: ConsentMarks($0, channel)) }
    }
}

/// `consent`: what a channel needs before somebody is written to.
///
/// | profile | import without a basis | email | sms | print, canvass, webhook |
/// |---|---|---|---|---|
/// | `default` | asked for on a terminal | nothing | consent | nothing |
/// | `us` | asked for on a terminal | nothing (CAN-SPAM: those who object are suppressed) | consent (TCPA) | nothing |
/// | `gdpr` | refused | consent or contract (ePrivacy article 13) | consent or contract | a basis of article 6 |
package enum ConsentProfile: String, Hashable, Sendable, CaseIterable {
    case standard = "default"
    case gdpr
    case us

    /// Whether an import must state a basis that the profile knows.
    package var demandsBasis: Bool { self == .gdpr }

    /// Whether an import may state this basis.
    package func accepts(_ basis: Basis) -> Bool { self != .gdpr || Self.gdprBases.contains(basis) }

    /// What a contact must have at least one of; empty: nothing is needed.
    package func need(for channel: String) -> ConsentMarks {
        let bases: [Basis]
        switch (self, channel) {
        case (.gdpr, "email"), (.gdpr, "sms"): bases = [.consent, .contract]
        case (.gdpr, _): bases = Self.gdprBases
        case (_, "sms"): bases = [.consent]
        default: bases = []
        }
        return bases.reduce(into: ConsentMarks()) { $0.formUnion(ConsentMarks($1, channel)) }
    }

    /// The bases of article 6, which are all that an import may state under `gdpr`.
    package static let gdprBases: [Basis] = [
        .consent, .contract, .legalObligation, .vitalInterests, .publicTask, .legitimateInterests,
    ]
}
