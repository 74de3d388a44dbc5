package import Domain

/// Which contacts of an audience may be written to, in one window of ids.
private struct ReachableRule {
    let sql: String
    let bindings: [SQLValue]

    init(bar: ContactBars, consent: ConsentMarks, audience: Audience) {
        var writer = AudienceSQL(firstParameter: ContactWindow.firstFreeParameter)
        let rule = writer.condition(audience)
        self.bindings = writer.bindings
        let given = consent.isEmpty ? "" : " AND c.consent & \(consent.rawValue) <> 0"
        self.sql =
            "c.id > ?1 AND c.id <= ?2 AND c.email IS NOT NULL AND c.barred & \(bar.rawValue) = 0\(given) AND (\(rule))"
    }
}

/// Counts a campaign's contacts by the domain of their address, a window of ids at a time.
package struct AudienceSiteFold: Sendable {
    private let sql: String
    private let bindings: [SQLValue]
    private var window = ContactWindow(size: ContactWindow.wideIDs)
    /// Contacts that may be written to, by domain.
    package private(set) var domains: [String: Int] = [:]

    /// Domains that are told apart; the rest stands under the empty name.
    package static let domainsMax = 200_000

    /// - Parameters:
    ///   - bar: What keeps a contact from being written to.
    ///   - consent: What a contact must have one of; empty: nothing.
    ///   - audience: Whom the campaign is for.
    package init(bar: ContactBars, consent: ConsentMarks = [], audience: Audience) {
        let rule = ReachableRule(bar: bar, consent: consent, audience: audience)
        self.bindings = rule.bindings
        self.sql = "SELECT c.domain, count(*) FROM contact c WHERE \(rule.sql) GROUP BY 1"
    }

    /// Counts the next window.
    ///
    /// - Returns: Whether there is more.
    package mutating func step(on connection: any SQLConnection) throws(StoreError) -> Bool {
        guard let ids = try self.window.next(on: connection) else { return false }
        let row = try connection.prepare(self.sql)
        defer { row.reset() }
        row.bind(ids, self.bindings)
        while try row.step() {
            let domain = row.text(0)
            let isKnown = self.domains.count < Self.domainsMax || self.domains[domain] != nil
            self.domains[isKnown ? domain : "", default: 0] += Int(row.integer(1))
        }
        return true
    }
}

/// Goes through what columns say of a campaign's contacts, a window of ids at a time: equal ones together.
package struct AudienceValuesFold: Sendable {
    private let sql: String
    private let columnCount: Int
    private let bindings: [SQLValue]
    private var window = ContactWindow(size: ContactWindow.wideIDs)

    /// - Parameters:
    ///   - bar: What keeps a contact from being written to.
    ///   - consent: What a contact must have one of; empty: nothing.
    ///   - audience: Whom the campaign is for.
    ///   - columns: SQL over the contact `c`, at least one.
    package init(bar: ContactBars, consent: ConsentMarks = [], audience: Audience, columns: [String]) {
        let rule = ReachableRule(bar: bar, consent: consent, audience: audience)
        self.bindings = rule.bindings
        self.columnCount = columns.count
        let list = columns.map { "coalesce(\($0), '')" }.joined(separator: ", ")
        let keys = columns.indices.map { "\($0 + 1)" }.joined(separator: ", ")
        self.sql = "SELECT \(list), count(*) FROM contact c WHERE \(rule.sql) GROUP BY \(keys)"
    }

    /// Looks at the next window.
    ///
    /// - Parameters:
    ///   - connection: Any.
    ///   - note: Gets values and how many contacts have them.
    /// - Returns: Whether there is more.
    /// - Throws: What the connection throws.
    package mutating func step(
        on connection: any SQLConnection,
        _ note: ([String], Int) -> Void
    ) throws(StoreError) -> Bool {
        guard let ids = try self.window.next(on: connection) else { return false }
        let row = try connection.prepare(self.sql)
        defer { row.reset() }
        row.bind(ids, self.bindings)
        while try row.step() {
            note((0..<self.columnCount).map { row.text($0) }, Int(row.integer(self.columnCount)))
        }
        return true
    }
}

/// Draws contacts of an audience, each as likely as any other, in one pass over windows of ids.
///
/// Also those who may not be written to: a preview says why.
package struct AudienceSampleFold: Sendable {
    private let sql: String
    private let bindings: [SQLValue]
    private let size: Int
    private var window = ContactWindow()
    private var draw: SplitMix64
    /// Contacts of the audience so far.
    private var seen = 0
    /// Who was drawn; all of an audience that is not larger than the sample.
    package private(set) var contacts: [Contact.ID] = []

    /// - Parameters:
    ///   - size: How many to draw, at least 1.
    ///   - seed: The same one draws the same people of the same audience.
    ///   - audience: Whom the campaign is for.
    package init(_ size: Int, seed: UInt64, of audience: Audience) {
        let rule = ReachableRule(bar: [], consent: [], audience: audience)
        self.bindings = rule.bindings
        self.sql = "SELECT c.id FROM contact c WHERE \(rule.sql) ORDER BY c.id"
        self.size = size
        self.draw = SplitMix64(seed)
    }

    /// Looks at the next window.
    ///
    /// - Returns: Whether there is more.
    package mutating func step(on connection: any SQLConnection) throws(StoreError) -> Bool {
        guard let ids = try self.window.next(on: connection) else { return false }
        let row = try connection.prepare(self.sql)
        defer { row.reset() }
        row.bind(ids, self.bindings)
        while try row.step() {
            self.seen += 1
            if self.contacts.count < self.size {
                self.contacts.append(Contact.ID(row.integer(0)))
            } else {
                // The n-th takes a place with the chance of size in n.
                let place = self.draw.number(below: self.seen)
                if place < self.size { self.contacts[place] = Contact.ID(row.integer(0)) }
            }
        }
        return true
    }
}
