package import Domain

/// Says what a campaign would do with each contact of its audience: which group of variants, what is missing, who is left out.
package struct AudienceFold: Sendable {
    /// Contacts for whom the same group of variants holds.
    package struct Share: Hashable, Sendable {
        package var contacts = 0
        /// For each of the fields asked about, how many of them have no value.
        package var missing: [Int]
        /// For each different need of its variants, whom it leaves out.
        fileprivate var losses: [Loss]
        /// For each of its variants, which of ``losses`` is its own.
        fileprivate let needs: [Int]

        fileprivate init(fieldCount: Int, required: [[Int]]) {
            var different: [[Int]] = []
            self.needs = required.map { fields in
                if let known = different.firstIndex(of: fields) { return known }
                different.append(fields)
                return different.count - 1
            }
            self.missing = Array(repeating: 0, count: fieldCount)
            self.losses = Array(repeating: Loss(), count: max(1, different.count))
        }

        /// Who would get nothing if all contacts of the group had one of its variants.
        ///
        /// - Parameter variant: Its place in the group.
        /// - Returns: The same for every variant where nothing is required.
        package func loss(_ variant: Int) -> Loss {
            self.losses[self.needs.indices.contains(variant) ? self.needs[variant] : 0]
        }
    }

    /// Contacts of a group that get nothing.
    package struct Loss: Hashable, Sendable {
        /// Contacts that lack a field that must not be empty.
        package var rejected = 0
        /// Of the others, those who have had as many messages as they may.
        package var capped = 0
    }

    private let sql: String
    private let bindings: [SQLValue]
    private let fieldCount: Int
    /// Different needs of the group that has most of them.
    private let lossCount: Int
    private var window = ContactWindow(size: ContactWindow.wideIDs)

    /// One for each condition, in order, and one more for those that no condition fits.
    package private(set) var shares: [Share]
    /// Contacts of the audience who must not be written to.
    package private(set) var suppressed = 0
    /// Contacts of the audience who gave no basis that the channel needs.
    package private(set) var withoutConsent = 0
    /// Contacts that the rule selects and that have no e-mail address; not part of the audience.
    package private(set) var withoutAddress = 0

    /// Contacts of the audience.
    package var audience: Int { self.suppressed + self.withoutConsent + self.shares.reduce(0) { $0 + $1.contacts } }

    /// - Parameters:
    ///   - bar: What keeps a contact from being written to.
    ///   - consent: What a contact must have one of; empty: nothing.
    ///   - audience: Whom the campaign is for.
    ///   - conditions: Of the groups of variants, tried in this order.
    ///   - fields: Whose missing values are counted.
    ///   - required: For each condition and each variant of its group, which of `fields`, by index, must not be empty.
    ///   - caps: How many messages anybody may have.
    ///   - moment: What they are counted by; `nil`: they are not.
    package init(
        bar: ContactBars,
        consent: ConsentMarks = [],
        audience: Audience,
        conditions: [Expression],
        fields: [Field],
        required: [[[Int]]] = [],
        caps: [FrequencyCap] = [],
        at moment: GrantQuery.CapMoment? = nil
    ) {
        var writer = AudienceSQL(firstParameter: ContactWindow.firstFreeParameter)
        let rule = writer.condition(audience)
        let groups = conditions.enumerated().map { "WHEN \(writer.condition($1)) THEN \($0)" }.joined(separator: " ")
        let missing = fields.enumerated().map { index, field in
            (inner: ", CASE WHEN c.\(field.column) IS NULL THEN 1 ELSE 0 END AS m\(index)", outer: ", sum(m\(index))")
        }
        let rest = conditions.count
        let different = (0...rest).map { share in
            share < required.count ? Self.different(required[share]) : []
        }
        self.lossCount = max(1, different.map(\.count).max() ?? 1)
        let losses = (0..<self.lossCount).map { index in
            let lacks = Self.lacks(different.map { $0.indices.contains(index) ? $0[index] : [] })
            return ", sum(\(lacks)), sum(\(lacks) = 0 AND capped)"
        }
        let capped = Self.isCapped(caps, moment)
        self.sql = """
            SELECT share, count(*)\(losses.joined())\(missing.map(\.outer).joined()) FROM (
                SELECT CASE WHEN c.email IS NULL THEN \(Self.noAddress) WHEN c.barred & \(bar.rawValue) <> 0 THEN \(Self.isSuppressed)
                    \(consent.isEmpty ? "" : "WHEN c.consent & \(consent.rawValue) = 0 THEN \(Self.noConsent)")
                    \(groups.isEmpty ? "" : groups) ELSE \(rest) END AS share, \(capped) AS capped\(missing.map(\.inner).joined())
                FROM contact c
                WHERE c.id > ?1 AND c.id <= ?2 AND (\(rule))
            ) AS judged GROUP BY share
            """
        self.bindings = writer.bindings
        self.fieldCount = fields.count
        self.shares = (0...rest).map { share in
            Share(fieldCount: fields.count, required: share < required.count ? required[share] : [])
        }
    }

    /// Each need once, in the order in which it comes first.
    private static func different(_ needs: [[Int]]) -> [[Int]] {
        var found: [[Int]] = []
        for need in needs where !found.contains(need) { found.append(need) }
        return found
    }

    /// SQL of whether a contact lacks one of the fields that its share needs.
    private static func lacks(_ needs: [[Int]]) -> String {
        let tests = needs.enumerated().filter { !$0.element.isEmpty }.map { share, fields in
            "WHEN \(share) THEN \(fields.map { "m\($0)" }.joined(separator: " + ")) > 0"
        }
        return tests.isEmpty ? "0" : "(CASE share \(tests.joined(separator: " ")) ELSE 0 END)"
    }

    /// SQL of whether a contact has had as many messages as they may.
    private static func isCapped(_ caps: [FrequencyCap], _ moment: GrantQuery.CapMoment?) -> String {
        guard let moment, !caps.isEmpty else { return "0" }
        let tests = caps.map { cap in
            let since = moment.now.milliseconds - cap.periodMilliseconds
            let campaigns = "u.campaign >= \(moment.oldestCampaign.rawValue)"
            return "\(GrantQuery.messages(to: "c.id", campaigns, since: "\(since)")) >= \(cap.count)"
        }
        return "(\(tests.joined(separator: " OR ")))"
    }

    private static let noAddress = -1
    private static let isSuppressed = -2
    private static let noConsent = -3

    /// Judges the next window.
    ///
    /// - Returns: Whether there is more.
    package mutating func step(on connection: any SQLConnection) throws(StoreError) -> Bool {
        guard let ids = try self.window.next(on: connection) else { return false }
        let row = try connection.prepare(self.sql)
        defer { row.reset() }
        row.bind(ids, self.bindings)
        while try row.step() {
            let count = Int(row.integer(1))
            switch Int(row.integer(0)) {
            case Self.noAddress: self.withoutAddress += count
            case Self.isSuppressed: self.suppressed += count
            case Self.noConsent: self.withoutConsent += count
            case let share:
                self.shares[share].contacts += count
                for loss in self.shares[share].losses.indices {
                    self.shares[share].losses[loss].rejected += Int(row.integer(2 + 2 * loss))
                    self.shares[share].losses[loss].capped += Int(row.integer(3 + 2 * loss))
                }
                let first = 2 + 2 * self.lossCount
                for field in 0..<self.fieldCount {
                    self.shares[share].missing[field] += Int(row.integer(first + field))
                }
            }
        }
        return true
    }
}
