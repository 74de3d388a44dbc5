import Domain
import Engine
import Testing

@Suite("Outcome join")
struct OutcomeJoinTests {
    /// Best known last.
    private static let order: [[Outcome?]] = [
        [nil], [.deferred], [.suppressed, .cancelled, .expired], [.inDoubt], [.bounced, .failed], [.accepted],
    ]

    private static func rank(_ outcome: Outcome?) -> Int { Self.order.firstIndex { $0.contains(outcome) } ?? -1 }

    @Test("a report replaces what is less, and nothing else", arguments: Outcome.allCases)
    func table(reported: Outcome) {
        for known in [nil] + Outcome.allCases.map({ Outcome?.some($0) }) {
            let expected = Self.rank(reported) > Self.rank(known)
            #expect(
                OutcomeJoin.replaces(reported, known: known) == expected,
                "\(reported) over \(String(describing: known))"
            )
        }
    }

    @Test("in whatever order facts come, nothing known is ever lowered", arguments: 1...50)
    func neverLower(seed: UInt64) {
        var random = SplitMix64(seed)
        var known: Outcome?
        var best = 0
        for _ in 0..<30 {
            guard let reported = Outcome.allCases.randomElement(using: &random) else { return }
            if OutcomeJoin.replaces(reported, known: known) { known = reported }
            best = max(best, Self.rank(reported))
            #expect(Self.rank(known) == best)
        }
    }
}
