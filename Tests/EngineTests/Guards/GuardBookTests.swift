import Domain
import Testing

@testable import Engine

@Suite("GuardBook")
struct GuardBookTests {
    private static let campaign = GuardScope.campaign(Campaign.ID(1))
    private static let lane = GuardScope.lane(Campaign.ID(1), 2)

    @Test(
        "what comes back is judged by its share, once there is enough of it",
        arguments: [
            (999, 999, 0, nil, false), (1_000, 149, 0, nil, false), (1_000, 150, 0, GuardRules.Rule.bounces, true),
            (100_000, 14_999, 0, nil, false), (100_000, 0, 79, nil, false), (100_000, 0, 80, .complaints, false),
            (100_000, 0, 249, .complaints, false), (100_000, 0, 250, .complaints, true), (999, 0, 999, nil, false),
            // Complaints are a share of what was accepted.
            (10_000, 1_400, 22, .complaints, true),
        ] as [(Int, Int, Int, GuardRules.Rule?, Bool)]
    )
    func shares(tries: Int, bounced: Int, complained: Int, rule: GuardRules.Rule?, holds: Bool) {
        var book = GuardBook()
        let scopes = [(scope: Self.campaign, rules: GuardRules.standard)]
        var news = book.note(tries: tries, bounced: bounced, in: scopes)
        for _ in 0..<complained { news += book.noteComplaint(in: scopes) }
        #expect(news.last?.rule == rule)
        #expect((news.last?.holds ?? false) == holds)
        #expect((book.hold(Self.campaign) != nil) == holds)
        #expect(news.count <= 2, "a warning and a hold are each said once")
    }

    @Test("a held scope stays so until it is overridden, and then counts from zero")
    func override() {
        var book = GuardBook()
        let scopes = [(scope: Self.campaign, rules: GuardRules.standard)]
        _ = book.note(tries: 1_000, bounced: 500, in: scopes)
        _ = book.note(tries: 100_000, bounced: 0, in: scopes)
        #expect(book.hold(Self.campaign) != nil)
        let isOverridden = book.override(Self.campaign)
        #expect(isOverridden)
        #expect(book.hold(Self.campaign) == nil)
        let first = book.note(tries: 999, bounced: 999, in: scopes)
        let second = book.note(tries: 1, bounced: 1, in: scopes)
        #expect(first.isEmpty)
        #expect(second.count == 1)
    }

    @Test("a lane is held when half of its last 200 messages were refused for what we are")
    func policy() {
        var book = GuardBook()
        let good = [Bool](repeating: false, count: 1_000)
        let bad = [Bool](repeating: true, count: 99)
        let first = book.note(policy: good, in: Self.lane, rules: .standard)
        let second = book.note(policy: bad, in: Self.lane, rules: .standard)
        let third = book.note(policy: [Bool](repeating: false, count: 101), in: Self.lane, rules: .standard)
        #expect([first, second, third] == [nil, nil, nil])
        // The 99 go out of sight one by one as others come in.
        let fourth = book.note(policy: [true], in: Self.lane, rules: .standard)
        #expect(fourth == nil)
        let fifth = book.note(policy: [Bool](repeating: true, count: 99), in: Self.lane, rules: .standard)
        #expect(fifth?.rule == .policy)
        #expect(fifth?.text == "100 of its last 200 messages were refused for what we are (5.7.x)")
    }

    @Test("what happens now at a relay is seen among all that was sent over it")
    func halving() {
        var book = GuardBook()
        let relay = [(scope: GuardScope.relay("main"), rules: GuardRules.standard)]
        for _ in 0..<1_000 { _ = book.note(tries: 1_000, bounced: 0, in: relay) }
        var tries = 0
        while book.hold(.relay("main")) == nil, tries < 100_000 {
            _ = book.note(tries: 100, bounced: 50, in: relay)
            tries += 100
        }
        #expect(tries < GuardBook.triesMax)
    }

    @Test(
        "scopes are stored by a key that is read again",
        arguments: [campaign, lane, .relay("a:b"), .site("gmail.com")]
    )
    func keys(scope: GuardScope) { #expect(GuardScope(key: scope.key) == scope) }

    @Test("what changed is told once, in order, and what was overridden as gone")
    func changes() {
        var book = GuardBook()
        let scopes = [
            (scope: GuardScope.relay("r"), rules: GuardRules.standard), (scope: Self.campaign, rules: .standard),
        ]
        _ = book.note(tries: 10, bounced: 1, in: scopes)
        let first = book.takeChanges()
        #expect(first.map(\.scope) == [Self.campaign, .relay("r")])
        #expect(first.allSatisfy { $0.counts == GuardCounts(tries: 10, bounced: 1) })
        let second = book.takeChanges()
        #expect(second.isEmpty)
        _ = book.override(Self.campaign)
        let third = book.takeChanges()
        #expect(third.map(\.scope) == [Self.campaign])
        #expect(third.first?.counts == nil)
    }
}
