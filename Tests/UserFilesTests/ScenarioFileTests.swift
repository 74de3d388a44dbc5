import Domain
import Testing
import UserFiles

@Suite("Scenarios of the test relay")
struct ScenarioFileTests {
    @Test("every key of a rule is read")
    func full() throws {
        let scenario = try ScenarioFile.parse(
            """
            seed: 7
            rules:
              - { match: gmail.com, share: 0.1, tries: 1, reply: "451 4.7.1 Try again later" }
              - { match: "*", share: 0.001, at: message, drop: true }
              - { match: "slow@*", at: data, slow: 2s }
            """,
            file: "s.yaml"
        )
        #expect(scenario.seed == 7)
        #expect(scenario.rules.map(\.match) == ["gmail.com", "*", "slow@*"])
        #expect(scenario.rules.map(\.share) == [0.1, 0.001, 1])
        #expect(scenario.rules.map(\.tries) == [1, nil, nil])
        #expect(scenario.rules.map(\.stage) == [.recipient, .message, .data])
        #expect(
            scenario.rules.map(\.action) == [.reply("451 4.7.1 Try again later"), .drop, .slow(milliseconds: 2_000)]
        )
        #expect(try ScenarioFile.parse("", file: "s.yaml").rules.isEmpty)
    }

    @Test(
        "a mistake is named with its place",
        arguments: [
            ("{drop: true}", "rules[0].match", "is missing"), ("{match: x}", "rules[0].reply", "reply, drop or slow"),
            ("{match: x, drop: true, slow: 1s}", "rules[0].slow", "one thing"),
            ("{match: x, drop: no}", "drop", "true"),
            ("{match: x, slow: 11m}", "rules[0].slow", "from 1ms to 10m"),
            ("{match: x, drop: true, share: 2}", "rules[0].share", "0.0 to 1.0"),
            ("{match: x, drop: true, tries: 0}", "rules[0].tries", "from 1 to 60"),
            ("{match: x, drop: true, at: end}", "rules[0].at", "rcpt, data, message"),
            ("{match: x, dropp: true, drop: true}", "rules[0].dropp", "\"drop\""),
        ]
    )
    func mistakes(rule: String, key: String, hint: String) throws {
        let error = try #require(throws: FileProblems.self) {
            try ScenarioFile.parse("rules:\n  - \(rule)\n", file: "s.yaml")
        }
        #expect(error.diagnostics.count == 1)
        #expect(error.diagnostics.first?.line == 2)
        #expect(error.description.contains(key), "\(error.description)")
        #expect(error.description.contains(hint), "\(error.description)")
    }
}
