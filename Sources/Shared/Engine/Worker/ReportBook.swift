package import Domain

/// Facts that are journalled and not yet acknowledged, in the order of the journal's rows, and when to report them.
///
/// A report is some whole rows and carries the number of the last. It goes out when nothing is under way and none went out just
/// now, else when it is large or old enough: so a busy worker sends few large reports and an idle one tells at once.
package struct ReportBook {
    /// Facts that make a report worth sending while another is under way: large enough that a frame's cost does not matter.
    package static let factsPerReport = 512
    /// How long a fact waits for company while a report is under way, or after one.
    ///
    /// Each report costs the coordinator a commit; a fiftieth of a second is far below what anybody waits for.
    package static let patience: Int64 = 20
    /// How long an acknowledgement may take before everything is told again.
    package static let resendAfter: Int64 = 5_000

    private struct Row {
        let number: UInt64
        let facts: [TargetFact]
        let committed: Instant
    }

    private var rows = Ring<Row>()
    /// Rows at the front of `rows` that were sent in this session.
    private var sent = 0
    private var unsentFacts = 0
    /// Since when the oldest report under way has waited.
    private var waitingSince = Instant(milliseconds: 0)
    /// When the last report of this session went out.
    private var lastReport: Instant?
    /// Facts held.
    package private(set) var factCount = 0

    package init() {}

    package var isEmpty: Bool { self.rows.isEmpty }

    /// Takes on what one row of the journal made durable; its `number` is higher than any before.
    package mutating func committed(_ facts: [TargetFact], number: UInt64, at now: Instant) {
        guard !facts.isEmpty else { return }
        self.rows.append(Row(number: number, facts: facts, committed: now))
        self.factCount += facts.count
        self.unsentFacts += facts.count
    }

    /// Facts that go out together, under one number.
    package struct Report: Sendable {
        package let number: UInt64
        package let facts: [TargetFact]
    }

    /// The next report, when it is time for one; ask until `nil`.
    ///
    /// `flush` says that waiting for company is pointless, because the worker goes down.
    package mutating func nextReport(at now: Instant, flush: Bool = false) -> Report? {
        if self.sent > 0, now.milliseconds(since: self.waitingSince) >= Self.resendAfter { self.tellAgain() }
        guard self.sent < self.rows.count, let oldest = self.rows[self.sent] else { return nil }
        let isQuiet = self.sent == 0 && self.lastReport.map { now.milliseconds(since: $0) >= Self.patience } ?? true
        let isDue =
            flush || isQuiet || self.unsentFacts >= Self.factsPerReport
            || now.milliseconds(since: oldest.committed) >= Self.patience
        guard isDue else { return nil }
        self.lastReport = now
        if self.sent == 0 { self.waitingSince = now }
        var facts: [TargetFact] = []
        var number: UInt64 = 0
        while self.sent < self.rows.count, facts.count < Self.factsPerReport, let row = self.rows[self.sent] {
            facts.append(contentsOf: row.facts)
            number = row.number
            self.sent += 1
        }
        self.unsentFacts -= facts.count
        return Report(number: number, facts: facts)
    }

    /// Forgets what the coordinator made durable.
    package mutating func acknowledge(_ number: UInt64, at now: Instant) {
        while let row = self.rows.first, row.number <= number {
            _ = self.rows.popFirst()
            self.factCount -= row.facts.count
            if self.sent > 0 { self.sent -= 1 } else { self.unsentFacts -= row.facts.count }
        }
        self.waitingSince = now
    }

    /// Makes everything that is held unsent: after each `Welcome`.
    package mutating func tellAgain() {
        self.sent = 0
        self.unsentFacts = self.factCount
        self.lastReport = nil
    }

    /// All facts held, oldest first.
    package func forEachFact(_ body: (TargetFact) -> Void) {
        for index in 0..<self.rows.count {
            for fact in self.rows[index]?.facts ?? [] { body(fact) }
        }
    }
}
