import Engine
import Testing

@Suite struct ReturnRulesTests {
    @Test(
        "policy bounces never suppress, permanent and temporary ones once there are enough",
        arguments: [
            (ReturnRules.Weight.policy, 100, 100, false), (.permanent, 0, 100, false), (.permanent, 1, 100, false),
            (.permanent, 2, 0, true), (.temporary, 100, 2, false), (.temporary, 0, 3, true), (.temporary, 0, 4, true),
        ]
    )
    func suppresses(weight: ReturnRules.Weight, permanent: Int, days: Int, suppresses: Bool) {
        let rules = ReturnRules(permanentMax: 2, temporaryDays: 3)
        #expect(rules.suppresses(weight, permanent: permanent, temporaryDays: days) == suppresses)
    }
}
