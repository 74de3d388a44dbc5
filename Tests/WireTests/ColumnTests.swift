import Domain
import Foundation
import SwiftProtobuf
import Testing

@testable import Wire

@Suite("Columns of texts")
struct ColumnTests {
    @Test("values come back as they were put in, empty ones too")
    func roundTrip() throws {
        let values = ["", "Ann", "", "Ünal", "x", ""]
        var builder = StringColumnBuilder(expecting: values.count)
        for value in values { builder.append(value) }
        let column = try StringColumn(builder.strings(), count: values.count, name: "c")
        #expect(column.count == values.count)
        #expect(values.indices.map { String(decoding: column[$0], as: UTF8.self) } == values)
        #expect(column.range(of: 1) == 0..<3)
    }

    @Test("a column of no values is empty text")
    func empty() throws {
        #expect(try StringColumn(WireStrings(), count: 0, name: "c").count == 0)
    }

    static let broken: [([UInt8], [UInt32], Int)] = [
        ([1, 2, 3], [1, 3], 3), ([1, 2, 3], [1, 2, 3], 2), ([1, 2, 3], [2, 1, 3], 3), ([1, 2, 3], [1, 2], 2),
        ([1, 2, 3], [1, 4], 2), ([1, 2, 3], [0, .max], 2), ([], [1], 1), ([1], [], 0), ([1], [0], 1),
    ]

    @Test("bounds that do not fit are an error", arguments: broken)
    func brokenBounds(text: [UInt8], ends: [UInt32], count: Int) {
        let strings = WireStrings.with {
            $0.text = Data(text)
            $0.end = ends
        }
        #expect(throws: ColumnError.self) { try StringColumn(strings, count: count, name: "c") }
    }

    @Test("random bounds are refused or safe to read", arguments: UInt64(1)...8)
    func hostileBounds(seed: UInt64) {
        var random = SplitMix64(seed)
        for _ in 0..<4_000 {
            let count = Int.random(in: 0...5, using: &random)
            let strings = WireStrings.with {
                $0.text = Data((0..<Int.random(in: 0...6, using: &random)).map { UInt8($0) })
                $0.end = (0..<count).map { _ in .random(in: 0...7, using: &random) }
            }
            guard let column = try? StringColumn(strings, count: count, name: "c") else { continue }
            #expect((0..<count).flatMap { Array(column[$0]) } == Array(strings.text))
        }
    }
}

@Suite("Grants and reports as they come")
struct ReceivedTests {
    static func strings(_ values: [String]) -> WireStrings {
        var builder = StringColumnBuilder()
        for value in values { builder.append(value) }
        return builder.strings()
    }

    static let grant = WireGrant.with {
        $0.nonce = 4
        $0.epoch = 1 << 32 | 9
        $0.campaign = 7
        $0.lane = 2
        $0.relay = "main"
        $0.site = "example.org"
        $0.slots = 20
        $0.position = [3, 4]
        $0.contact = [30, 40]
        $0.variant = [0, 1]
        $0.address = strings(["ann@example.org", "bob@example.org"])
        $0.field = [strings(["Ann", ""])]
        $0.spread = 250
    }

    @Test("a good grant is taken as it is")
    func goodGrant() throws {
        let grant = try ReceivedGrant(Self.grant)
        #expect(grant.count == 2)
        #expect(grant.epoch == Epoch(incarnation: 1, counter: 9))
        #expect(grant.campaign == Campaign.ID(7))
        #expect(String(decoding: grant.addresses[1], as: UTF8.self) == "bob@example.org")
        #expect(grant.fields[0].range(of: 1).isEmpty)
        #expect(throws: Never.self) { try grant.check(variants: 2, fields: 1) }
        #expect(throws: ColumnError("variant", "index beyond the content's 1 variants")) {
            try grant.check(variants: 1, fields: 1)
        }
        #expect(throws: ColumnError("field", "1 columns, the content names 2")) {
            try grant.check(variants: 2, fields: 2)
        }
    }

    typealias GrantChange = @Sendable (inout WireGrant) -> Void
    static let badGrants: [(String, GrantChange)] = [
        ("position", { $0.position = [] }),
        ("position", { $0.position = [3, 3] }),
        ("position", { $0.position = Array(0..<257) }),
        ("contact", { $0.contact = [1] }),
        ("variant", { $0.variant = [0, 0, 0] }),
        ("campaign", { $0.campaign = 0 }),
        ("campaign", { $0.campaign = .max }),
        ("slots", { $0.slots = 0 }),
        ("address", { $0.clearAddress() }),
        ("address", { $0.address = strings(["ann@example.org", ""]) }),
        ("address", { $0.address.end = [5, 4] }),
        ("field[0]", { $0.field[0].end = [3] }),
        ("field[1]", { $0.field.append(WireStrings()) }),
    ]

    @Test("a grant that does not fit together is refused, naming the column", arguments: badGrants)
    func badGrant(column: String, change: GrantChange) {
        var grant = Self.grant
        change(&grant)
        let error = #expect(throws: ColumnError.self) { try ReceivedGrant(grant) }
        #expect(error?.column == column)
    }

    @Test("positions may come in any order as long as no two are alike")
    func unordered() throws {
        var grant = Self.grant
        grant.position = [9, 3]
        #expect(try ReceivedGrant(grant).positions == [9, 3])
    }

    static let report = WireLeaseReport.with {
        $0.epoch = 5
        $0.position = [1, 2, 3]
        $0.outcome = [.accepted, .bounced, .returned]
        $0.reason = [0, 1, 0]
        $0.reply = [0, 1, 2]
        $0.at = [1_000, 2_000, 3_000]
        $0.reasons = ["", "policy"]
        $0.replies = [
            .with {
                $0.code = 250
                $0.status = "2.0.0"
                $0.text = "ok"
            },
            .with {
                $0.code = 550
                $0.status = "5.7.1"
                $0.text = String(repeating: "é", count: 300)
            },
            WireReply(),
        ]
        $0.retryAfter = [0, 0, 0]
    }

    @Test("a good report is taken, with long replies cut at a whole character")
    func goodReport() throws {
        let report = try ReceivedLeaseReport(Self.report)
        #expect(report.outcomes == [.settled(.accepted), .settled(.bounced), .returned])
        #expect(report.reasons == [nil, .policy, nil])
        #expect(report.replies[1].text == String(repeating: "é", count: 128))
        #expect(report.times.last == Timestamp(milliseconds: 3_000))
    }

    typealias ReportChange = @Sendable (inout WireLeaseReport) -> Void
    static let badReports: [(String, ReportChange)] = [
        ("position", { $0.position = [] }),
        ("position", { $0.position = [1, 2, 2] }),
        ("outcome", { $0.outcome.removeLast() }),
        ("outcome", { $0.outcome[0] = .outcomeUnspecified }),
        ("outcome", { $0.outcome[0] = .UNRECOGNIZED(4) }),
        ("reason", { $0.reason[0] = 2 }),
        ("reason", { $0.reason = [] }),
        ("reasons", { $0.reasons[1] = "because" }),
        ("reply", { $0.reply[0] = 3 }),
        ("at", { $0.at.append(1) }),
        ("at", { $0.at[0] = .max }),
        ("retry_after", { $0.retryAfter = [] }),
        ("replies", { $0.replies = Array(repeating: WireReply(), count: 4) }),
    ]

    @Test("a report that does not fit together is refused, naming the column", arguments: badReports)
    func badReport(column: String, change: ReportChange) {
        var report = Self.report
        change(&report)
        let error = #expect(throws: ColumnError.self) { try ReceivedLeaseReport(report) }
        #expect(error?.column == column)
    }
}
