import Mail
import Testing

@Suite("Dialogues that end against our will")
struct LossTests {
    /// How a dialogue can end against our will.
    enum Ending: String, Sendable, CaseIterable {
        case lost, timeout, garbage, cut, withdrawn
    }

    /// Where it ends, with what becomes of the message under way and, pipelined behind it, the next.
    struct Loss: Sendable, CustomTestStringConvertible {
        let replies: [String]
        let ending: Ending
        let first: String
        var second: String?
        var testDescription: String { "\(self.replies.joined(separator: " ")) then \(self.ending.rawValue)" }
    }

    static let losses: [Loss] = {
        var rows: [Loss] = []
        for ending in [Ending.lost, .timeout, .garbage, .cut] {
            let before = ending == .cut ? "notBegun" : "lost"
            rows.append(Loss(replies: [], ending: ending, first: before))
            rows.append(Loss(replies: ["250"], ending: ending, first: before))
            rows.append(Loss(replies: ["250", "250"], ending: ending, first: before))
            rows.append(Loss(replies: ["250", "550"], ending: ending, first: "550@recipient"))
            rows.append(
                Loss(replies: ["250", "250", "354"], ending: ending, first: ending == .timeout ? "notBegun" : before)
            )
            rows.append(Loss(replies: ["250", "250", "354", "dot"], ending: ending, first: "noReply"))
            rows.append(
                Loss(
                    replies: ["250", "250", "354", "dot", "next"],
                    ending: ending,
                    first: "noReply",
                    second: "notBegun"
                )
            )
            // Answered, then the next one: a connection that worked before may close on an envelope without costing an attempt.
            rows.append(
                Loss(
                    replies: ["250", "250", "354", "dot", "next", "250"],
                    ending: ending,
                    first: "250@message",
                    second: "notBegun"
                )
            )
            rows.append(
                Loss(
                    replies: ["250", "250", "354", "dot", "next", "250", "250"],
                    ending: ending,
                    first: "250@message",
                    second: before
                )
            )
        }
        rows.append(Loss(replies: ["250", "250", "354"], ending: .withdrawn, first: "notBegun"))
        return rows
    }()

    @Test("a dialogue that ends is settled by how far it came", arguments: losses)
    func settledByProgress(row: Loss) {
        var dialogue = Dialogue.open()
        dialogue.begin(1)
        for step in row.replies {
            switch step {
            case "dot": dialogue.leave(1)
            case "next": dialogue.begin(2)
            default: dialogue.relay("\(step) text\r\n")
            }
        }
        switch row.ending {
        case .lost: dialogue.tell { $0.lost("gone") }
        case .timeout: dialogue.tell { $0.timedOut() }
        case .garbage: dialogue.relay("rubbish\r\n")
        case .cut: dialogue.tell { $0.cut("stopping") }
        case .withdrawn: dialogue.leave(1, false)
        }
        #expect(dialogue.isClosed && !dialogue.session.canBegin)
        #expect(dialogue.results[1]?.map(\.short) == [row.first])
        #expect(dialogue.results[2]?.map(\.short) == row.second.map { [$0] })
        let before = dialogue.results
        _ = dialogue.takeSent()
        dialogue.leave(1)
        dialogue.relay("250 late\r\n")
        dialogue.tell { $0.lost("again") }
        dialogue.tell { $0.retire() }
        #expect(dialogue.results == before && dialogue.takeSent().isEmpty)
    }
}
