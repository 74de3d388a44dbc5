import Domain
import Engine
import Storage

/// Answers questions from the store, beside the loop.
///
/// Long questions are asked in windows, each a read of its own, so an answer about a campaign at work is no snapshot; each contact and each
/// target is in it once.
struct Reads: Sendable {
    let readers: ReaderPool
    /// Domains that belong to a site of another name, as in `googlemail.com: gmail.com`.
    let rollup: [String: String]
    /// For questions about single people.
    let rules: WhyRules

    /// - Parameters:
    ///   - readers: Of the coordinator's store.
    ///   - rollup: From the configuration's `sites.rollup`.
    ///   - rules: For questions about single people.
    init(readers: ReaderPool, rollup: [String: String], rules: WhyRules = WhyRules()) {
        self.readers = readers
        self.rollup = rollup
        self.rules = rules
    }

    /// All fields that there are.
    func fields() async throws -> [Field] {
        try await self.readers.read { connection throws(StoreError) in try FieldStore(connection).all() }
    }

    /// The row id of a list; `nil` when there is none.
    func list(named name: String) async throws -> Int64? {
        try await self.readers.read { connection throws(StoreError) in try ListStore(connection).id(named: name) }
    }

    func isImport(_ id: Int64) async throws -> Bool {
        try await self.readers.read { connection throws(StoreError) in try ImportStore(connection).record(id) != nil }
    }

    /// Says what a campaign would do with each contact of its audience.
    ///
    /// - Parameters:
    ///   - bar: What keeps a contact from being written to.
    ///   - consent: What a contact must have one of; empty: nothing.
    ///   - audience: With its names looked up.
    ///   - conditions: Of the groups of variants, tried in this order; one that is everyone's belongs last.
    ///   - fields: Whose missing values are counted.
    ///   - required: For each condition, which of them must not be empty.
    ///   - caps: How many messages anybody may have.
    ///   - moment: When they are counted.
    /// - Returns: The counts.
    /// - Throws: What the database says.
    func audience(
        bar: ContactBars,
        consent: ConsentMarks,
        _ audience: Audience,
        conditions: [Expression],
        fields: [Field],
        required: [[[Int]]] = [],
        caps: [FrequencyCap] = [],
        at moment: Timestamp? = nil
    ) async throws -> AudienceFold {
        var capMoment: GrantQuery.CapMoment?
        if let moment, let longest = caps.map(\.periodMilliseconds).max() {
            let oldest = try await self.readers.read { connection throws(StoreError) in
                try CampaignStore(connection).oldest(endedAfter: moment.advanced(byMilliseconds: -longest))
            }
            capMoment = oldest.map { GrantQuery.CapMoment(now: moment, oldestCampaign: $0) }
        }
        var fold = AudienceFold(
            bar: bar,
            consent: consent,
            audience: audience,
            conditions: conditions,
            fields: fields,
            required: required,
            caps: caps,
            at: capMoment
        )
        try await self.run(&fold) { fold, connection throws(StoreError) in try fold.step(on: connection) }
        return fold
    }

    /// Repeats `step` on readers until it says that there is no more.
    func run<Fold: Sendable>(
        _ fold: inout Fold,
        _ step: @escaping @Sendable (inout Fold, any SQLConnection) throws(StoreError) -> Bool
    ) async throws {
        var goesOn = true
        while goesOn {
            try Task.checkCancellation()
            let before = fold
            (fold, goesOn) = try await self.readers.read { connection throws(StoreError) in
                var after = before
                let goesOn = try step(&after, connection)
                return (after, goesOn)
            }
        }
    }
}

// MARK: Campaigns

extension Reads {
    /// Counts a campaign's targets by something.
    ///
    /// - Parameters:
    ///   - id: The campaign.
    ///   - grouping: `site`, `variant` or the name of a field; `nil` for one row with the key `all`.
    ///   - variants: Names of the campaign's variants, in file order.
    /// - Returns: The largest audience first; equal ones by key.
    /// - Throws: ``OperationError/invalid(_:)`` when there is no such field, or it has too many values for a report.
    func report(
        on id: Campaign.ID,
        by grouping: String?,
        variants: [String]
    ) async throws -> [CampaignReport.Row] {
        let by = try await self.grouping(grouping)
        var fold = ReportFold(campaign: id, grouping: by, rollup: self.rollup)
        try await self.run(&fold) { fold, connection throws(StoreError) in try fold.step(on: connection) }
        guard !fold.hasTooManyGroups else {
            throw OperationError.invalid([
                Diagnostic(
                    .error,
                    "'\(grouping ?? "")' has more than \(ReportFold.groupsMax) values: too many for a report"
                )
            ])
        }
        var tallies: [String: TargetTally] = by == .none ? ["all": TargetTally()] : [:]
        for (key, tally) in fold.groups { tallies[Self.name(key, variants), default: TargetTally()] += tally }
        return tallies.map { CampaignReport.Row(key: $0, audience: $1.audience, counts: TargetCounts($1)) }
            .sorted { $0.audience != $1.audience ? $0.audience > $1.audience : $0.key < $1.key }
    }

    /// A campaign's targets, page by page in the order of their keys.
    ///
    /// - Parameters:
    ///   - id: The campaign.
    ///   - selection: Which of them.
    ///   - variants: Names of the campaign's variants, in file order.
    ///   - relay: Of the campaign.
    /// - Returns: Pages that are read when they are asked for.
    func targets(
        of id: Campaign.ID,
        _ selection: TargetSelection,
        variants: [String],
        relay: String
    ) -> Pages<TargetRow> {
        let pages = TargetPages(campaign: id, filter: selection.filter, rollup: self.rollup)
        let readers = self.readers
        return Pages(from: pages) { pages in
            let before = pages
            let page: [TargetReport]?
            (pages, page) = try await readers.read { connection throws(StoreError) in
                var after = before
                let page = try after.next(on: connection)
                return (after, page)
            }
            return page?.map { TargetRow($0, variants: variants, relay: relay) }
        }
    }

    private func grouping(_ name: String?) async throws -> ReportGrouping {
        switch name {
        case nil: return .none
        case "site": return .site
        case "variant": return .variant
        case let name?:
            let field = try await self.readers.read { connection throws(StoreError) in
                try FieldStore(connection).field(named: name)
            }
            if let field { return .field(field) }
            throw OperationError.invalid([
                Diagnostic(
                    .error,
                    "there is no field '\(name.prefix(80))'; a report is by site, by variant or by a field"
                )
            ])
        }
    }

    private static func name(_ key: ReportKey, _ variants: [String]) -> String {
        switch key {
        case .all: "all"
        case .text(let text): text
        case .variant(let index): variants.name(index)
        }
    }
}

extension TargetSelection {
    fileprivate var filter: TargetFilter {
        switch self {
        case .all: .all
        case .pending: .pending
        case .leased: .leased
        case .outcome(let outcome): .outcome(outcome)
        }
    }
}

extension TargetCounts {
    init(_ tally: TargetTally) {
        self.init()
        self.pending = tally.pending
        self.leased = tally.leased
        self.deferred = tally.outcomes.deferred
        self.accepted = tally.outcomes.accepted
        self.bounced = tally.outcomes.bounced
        self.suppressed = tally.outcomes.suppressed
        self.inDoubt = tally.outcomes.inDoubt
        self.expired = tally.outcomes.expired
        self.cancelled = tally.outcomes.cancelled
        self.failed = tally.outcomes.failed
    }
}

extension TargetRow {
    fileprivate init(_ report: TargetReport, variants: [String], relay: String) {
        self.init(
            contact: report.contact.rawValue,
            address: report.address,
            site: report.site,
            variant: variants.name(report.variant),
            outcome: report.isLeased ? "leased" : report.outcome?.name ?? "pending",
            reason: report.reason,
            attempts: report.attempts,
            at: report.at,
            relay: report.wasTried ? relay : nil,
            reply: report.reply
        )
    }
}

extension [String] {
    /// The variant's name; empty when none was chosen.
    fileprivate func name(_ index: Int?) -> String {
        guard let index, self.indices.contains(index) else { return "" }
        return self[index]
    }
}
