import Domain
import Mail
import Testing

@Suite("Laws of a session")
struct SessionLawTests {
    /// Plays a relay that answers at random, mostly well, over a connection that may end anywhere.
    private func play(seed: UInt64) -> Dialogue {
        var random = SplitMix64(seed)
        var dialogue = Dialogue.open(pipelining: Bool.random(using: &random))
        var next: UInt64 = 1
        var transcript = ""
        for _ in 0..<200 where !dialogue.isClosed {
            transcript += dialogue.takeSent()
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<4 where dialogue.session.canBegin:
                dialogue.begin(next)
                next += 1
            case 0..<9: dialogue.relay(Self.reply(to: dialogue.session.wait, using: &random))
            case 9..<11:
                if let id = dialogue.waiting.first { dialogue.leave(id, Int.random(in: 0..<20, using: &random) > 0) }
            default:
                guard Int.random(in: 0..<15, using: &random) == 0 else { continue }
                switch Int.random(in: 0..<4, using: &random) {
                case 0: dialogue.tell { $0.lost("gone") }
                case 1: dialogue.tell { $0.timedOut() }
                case 2: dialogue.tell { $0.cut("cut") }
                default: dialogue.tell { $0.retire() }
                }
            }
            self.check(dialogue, given: next - 1)
        }
        dialogue.tell { $0.lost("the end") }
        transcript += dialogue.takeSent()
        for id in 1..<max(1, next) { #expect(dialogue.results[id]?.count == 1, "seed \(seed), message \(id)") }
        return dialogue
    }

    private static func reply(to wait: SMTPSession.Wait, using random: inout SplitMix64) -> String {
        let good =
            switch wait {
            case .data: "354"
            case .work, .leave: ""
            default: "250"
            }
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return "550 no\r\n"
        case 1: return "451 later\r\n"
        case 2: return "354 go\r\n"
        case 3 where Bool.random(using: &random): return "421 bye\r\n"
        case 4: return "250-half"
        default: return good.isEmpty ? "" : "\(good) ok\r\n"
        }
    }

    private func check(_ dialogue: Dialogue, given: UInt64) {
        for (id, results) in dialogue.results {
            #expect(results.count == 1 && id <= given)
            guard dialogue.granted.contains(id) else {
                // Without its dot a message is neither taken nor in doubt.
                if case .noReply = results[0] { Issue.record("in doubt without leave: \(id)") }
                if case .reply(_, stage: .message) = results[0] { Issue.record("taken without leave: \(id)") }
                continue
            }
        }
        #expect(dialogue.waiting.count <= 1)
    }

    @Test("every message gets one result, and no dot goes without leave", arguments: UInt64(1)...300)
    func laws(seed: UInt64) { _ = self.play(seed: seed) }

    @Test("the same seed plays the same dialogue", arguments: UInt64(1)...5)
    func repeatable(seed: UInt64) {
        #expect(self.play(seed: seed).results == self.play(seed: seed).results)
    }
}
