import Domain
import Engine
import Mail
import Relay

/// What a relay's answer, or the lack of one, means for a target.
struct Verdict: Hashable {
    var fate: Fate
    var reason: Reason?
    var reply: RelayReply?
    var retryAfterSeconds: UInt32 = 0

    /// The message could not be made.
    init(_ error: RenderError) {
        self.fate = .failed
        self.reason = .render
        self.reply = Self.note("\(error)")
    }

    init(_ result: RelayResult) {
        let judged = ReplyClassifier.classify(result)
        self.fate = judged.flatMap { Fate(rawValue: UInt8(clamping: $0.outcome.rawValue)) } ?? .returned
        self.reason = judged?.reason
        self.retryAfterSeconds = UInt32(clamping: judged?.retryAfterSeconds ?? 0)
        switch result {
        case .reply(let reply, _): self.reply = reply
        case .turnedAway(let reply):
            self.reason = .throttled
            self.reply = reply
        case .noReply(let problem), .connectionLost(let problem): self.reply = Self.note(problem)
        case .notBegun: self.reply = nil
        }
    }

    /// The same without the recipient's address in what the relay said: it goes into the journal and the ledger.
    func without(_ recipient: String) -> Verdict {
        guard let reply = self.reply, reply.mayNameSomebody else { return self }
        var verdict = self
        verdict.reply = reply.without(recipient)
        return verdict
    }

    /// A problem of our own, where a reply would stand: reports show it.
    private static func note(_ problem: String) -> RelayReply? {
        guard !problem.isEmpty else { return nil }
        let text = String(decoding: problem.utf8.prefix(RelayReply.textBytesMax), as: UTF8.self)
        return RelayReply(code: 0, status: "", text: text)
    }
}
