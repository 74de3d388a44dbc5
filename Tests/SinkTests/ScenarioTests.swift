import Testing

@testable import Sink

@Suite("Sink scenarios")
struct ScenarioTests {
    @Test(
        "patterns",
        arguments: [
            ("*", "ann@gmail.com", true), ("gmail.com", "ann@gmail.com", true), ("gmail.com", "ann@xgmail.com", false),
            ("gmail.com", "ann@mail.gmail.com", false), ("*.gmail.com", "ann@mail.gmail.com", true),
            ("*@gmail.com", "ann@gmail.com", true), ("*@gmail.com", "ann@gmail.com.example", false),
            ("a*n@*.com", "ann@x.com", true), ("a*n@*.com", "bann@x.com", false),
            ("ann@gmail.com", "ann@gmail.com", true),
            ("ANN@Gmail.com", "ann@gmail.com", true), ("*a*b*c*", "x@aabbcc", true), ("*a*b*@c*", "aabb@cc", true),
            ("**@**", "a@b", true), ("gmail.com", "no-at-sign", false),
        ]
    )
    func patterns(pattern: String, address: String, isHit: Bool) {
        let rule = SinkScenario.Rule(match: pattern, action: .drop)
        let bytes = Array(address.utf8)
        let verdict = SinkPlan(SinkScenario(rules: [rule])).verdict(for: bytes, hash: SinkHash.of(bytes), tries: 0)
        #expect((verdict.stage != nil) == isHit)
    }

    @Test(
        "a share hits that part of the addresses, the same ones each time, others with another seed",
        arguments: [0.0, 0.01, 0.5, 1]
    )
    func share(share: Double) {
        func hits(_ seed: UInt64) -> Set<Int> {
            let plan = SinkPlan(SinkScenario(rules: [.init(match: "*", share: share, action: .drop)], seed: seed))
            return Set(
                (0..<20_000).filter { number in
                    let address = Array("person\(number)@x.example".utf8)
                    return plan.verdict(for: address, hash: SinkHash.of(address), tries: 0).stage != nil
                }
            )
        }
        let first = hits(1)
        #expect(abs(Double(first.count) - share * 20_000) <= 20_000 * 0.012)
        #expect(hits(1) == first)
        if share > 0, share < 1 { #expect(hits(2) != first) }
    }

    @Test("only the first tries are hit, and the first rule that applies decides; slow ones add up")
    func tries() {
        let plan = SinkPlan(
            SinkScenario(rules: [
                .init(match: "*", at: .message, action: .slow(milliseconds: 7)),
                .init(match: "*", tries: 2, action: .reply("451 4.7.1 later")),
                .init(match: "x.example", at: .message, action: .reply("550 5.7.1 no")),
                .init(match: "*", action: .drop),
            ])
        )
        func verdict(_ tries: Int, _ text: String = "a@x.example") -> SinkPlan.Verdict {
            plan.verdict(for: Array(text.utf8), hash: SinkHash.of(Array(text.utf8)), tries: tries)
        }
        for tries in 0...1 {
            #expect(verdict(tries).reply == Array("451 4.7.1 later".utf8) && verdict(tries).stage == .recipient)
        }
        #expect(verdict(2).reply == Array("550 5.7.1 no".utf8) && verdict(2).stage == .message)
        #expect(verdict(2, "a@y.example").stage == .recipient && verdict(2, "a@y.example").reply == nil)
        #expect(verdict(9).slowMilliseconds == [.message: 7])
    }

    @Test(
        "rules that cannot be are named",
        arguments: [
            (SinkScenario.Rule(match: "", action: .drop), "match"),
            (.init(match: "a b", action: .drop), "match"),
            (.init(match: "*", share: 1.5, action: .drop), "share"),
            (.init(match: "*", share: .nan, action: .drop), "share"),
            (.init(match: "*", tries: 0, action: .drop), "tries"),
            (.init(match: "*", action: .slow(milliseconds: 0)), "slow"),
            (.init(match: "*", action: .reply("45 x")), "reply"),
            (.init(match: "*", action: .reply("354 go")), "reply"),
            (.init(match: "*", action: .reply("550 a\r\n250 b")), "reply"),
            (.init(match: "*", action: .reply("550-x")), "reply"),
            (.init(match: "*", action: .reply("451 4.7.1 fine")), nil),
            (.init(match: "*@x", share: 0, tries: 60, at: .data, action: .slow(milliseconds: 1)), nil),
        ] as [(SinkScenario.Rule, String?)]
    )
    func problems(rule: SinkScenario.Rule, word: String?) {
        #expect((rule.problem == nil) == (word == nil))
        if let word { #expect(rule.problem?.hasPrefix(word) == true) }
    }

    @Test("built-in scenarios can be")
    func builtIn() {
        for scenario in SinkScenario.builtIn.values { for rule in scenario.rules { #expect(rule.problem == nil) } }
    }

    @Test("addresses are counted exactly up to the limit, and then not at all")
    func addresses() {
        var addresses = SinkAddresses(limit: 5_000)
        for number in 0..<5_000 {
            let hash = SinkHash.of(Array("\(number)@x".utf8))
            #expect(addresses.tried(hash) == 0)
            #expect(addresses.tried(hash) == 1)
            #expect(addresses.accepted(hash).map { $0.isFirst && !$0.isSecond } == true)
        }
        #expect(addresses.count == 5_000)
        let known = SinkHash.of(Array("7@x".utf8))
        #expect(addresses.accepted(known).map { !$0.isFirst && $0.isSecond } == true)
        #expect(addresses.accepted(known).map { !$0.isFirst && !$0.isSecond } == true)
        for _ in 0..<100 { _ = addresses.tried(known) }
        #expect(addresses.tried(known) == 63)
        let unknown = SinkHash.of(Array("new@x".utf8))
        #expect(addresses.tried(unknown) == nil && addresses.accepted(unknown) == nil)
    }
}
