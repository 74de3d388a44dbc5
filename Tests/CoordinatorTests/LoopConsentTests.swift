import Domain
import Testing

@testable import CoordinatorCore

@Suite("The loop: consent")
struct LoopConsentTests {
    @Test(
        "nobody is granted who did not agree to what the profile asks for",
        arguments: [(ConsentProfile.gdpr, [1, 2]), (.us, [1, 2, 3, 4, 5]), (.standard, [1, 2, 3, 4, 5])]
    )
    func consent(profile: ConsentProfile, granted: [Int]) throws {
        let bench = try LoopBench { $0.consent = profile }
        try bench.addContacts(5)
        let bases: [(Int, ConsentMarks)] = [
            (1, ConsentMarks(.consent, "email")), (2, ConsentMarks(.contract, "email")),
            (3, ConsentMarks(.consent, "sms")), (4, ConsentMarks(.legitimateInterests, "email")),
        ]
        for (contact, marks) in bases {
            try bench.execute("UPDATE contact SET consent = \(marks.rawValue) WHERE id = \(contact)")
        }
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<5 { try bench.turn([worker.credit(at: bench.now)]) }
        #expect(worker.grantedTargets == granted.count)
        let refused = try bench.targets(id).filter { $0.outcome == .suppressed }
        let others = (1...5).filter { !granted.contains($0) }.map { Int64($0) }
        #expect(refused.map(\.contact) == others)
        #expect(
            try bench.integer("SELECT count(*) FROM ledger WHERE reason = 'no_consent' AND epoch = 0") == refused.count
        )
    }
}
