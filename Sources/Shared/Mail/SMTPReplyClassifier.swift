package import Domain

/// What a relay's reply means for a target.
package struct ReplyClass: Hashable, Sendable {
    package var outcome: Outcome
    /// `nil` with ``Domain/Outcome/accepted``.
    package var reason: Reason?
    /// The pause that the reply names, 1 s to ``ReplyClassifier/retryAfterSecondsMax``; `nil` when it names none.
    package var retryAfterSeconds: Int?

    package init(_ outcome: Outcome, _ reason: Reason?, retryAfterSeconds: Int? = nil) {
        self.outcome = outcome
        self.reason = reason
        self.retryAfterSeconds = retryAfterSeconds
    }
}

/// Decides what replies mean: enhanced status (RFC 3463) first, then code (RFC 5321).
///
/// | reply | outcome | reason |
/// |---|---|---|
/// | 2xx to the final dot | accepted | |
/// | code and status of different classes | deferred | temporary |
/// | 421, 4.3.x, 4.4.x, 4.7.x | deferred | throttled |
/// | other 4xx, and whatever is no verdict | deferred | temporary |
/// | 5.7.x, 5.1.7, 5.1.8 | bounced | policy |
/// | too large (552, 5.2.3, 5.3.4) or 5.5.x, to MAIL | bounced | refused |
/// | other 5xx to MAIL: we are refused, whoever the message is for | bounced | policy |
/// | 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10, 5.2.1 | bounced | mailbox |
/// | 552 to RCPT: too many recipients, meant as 452 (RFC 5321 section 4.5.3.1.10) | deferred | temporary |
/// | other 5xx | bounced | refused |
package enum ReplyClassifier {
    /// Longest pause that a reply can ask for; what is beyond it is taken as this.
    package static let retryAfterSecondsMax = 4 * 3_600

    /// - Parameters:
    ///   - reply: What the relay said, or what the session said in its place.
    ///   - stage: What it answered.
    /// - Returns: Never `in_doubt`: a reply is an answer.
    package static func classify(_ reply: RelayReply, at stage: SMTPStage) -> ReplyClass {
        let status = Status(reply.status)
        switch reply.code / 100 {
        case 2 where stage == .message: return ReplyClass(.accepted, nil)
        // A 4xx is to be tried again whatever its status says, and a 5xx with a 4.y.z was not meant for ever.
        case 4 where status.subject == nil || status.level == 4: return self.temporary(reply, status)
        case 5 where status.subject == nil || status.level == 5: return self.permanent(reply, status, at: stage)
        default: return self.deferred(reply, .temporary)
        }
    }

    /// What came of a message, reply or not.
    ///
    /// - Returns: `nil` for a message that was never begun: it has no outcome.
    package static func classify(_ result: SMTPResult) -> ReplyClass? {
        switch result {
        case .reply(let reply, let stage): self.classify(reply, at: stage)
        case .noReply: ReplyClass(.inDoubt, .noReply)
        case .connectionLost: ReplyClass(.deferred, .connection)
        case .notBegun, .turnedAway: nil
        }
    }

    private static func temporary(_ reply: RelayReply, _ status: Status) -> ReplyClass {
        guard reply.code != 421 else { return self.deferred(reply, .throttled) }
        switch status.subject {
        case 3, 4, 7: return self.deferred(reply, .throttled)
        default: return self.deferred(reply, .temporary)
        }
    }

    private static func permanent(_ reply: RelayReply, _ status: Status, at stage: SMTPStage) -> ReplyClass {
        switch (status.subject, status.detail) {
        case (7, _), (1, 7), (1, 8): return ReplyClass(.bounced, .policy)
        case (2, 3) where stage == .sender, (3, 4) where stage == .sender, (5, _) where stage == .sender:
            return ReplyClass(.bounced, .refused)
        case _ where stage == .sender: return ReplyClass(.bounced, reply.code == 552 ? .refused : .policy)
        case (1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1): return ReplyClass(.bounced, .mailbox)
        case _ where stage == .recipient && reply.code == 552: return self.deferred(reply, .temporary)
        default: return ReplyClass(.bounced, .refused)
        }
    }

    private static func deferred(_ reply: RelayReply, _ reason: Reason) -> ReplyClass {
        let seconds = RetryAfter.seconds(in: reply.text).map { min($0, self.retryAfterSecondsMax) }
        return ReplyClass(.deferred, reason, retryAfterSeconds: seconds)
    }

    /// The three numbers of an enhanced status; all `nil` without one.
    private struct Status {
        let level: Int?
        let subject: Int?
        let detail: Int?

        init(_ text: String) {
            let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
            let isWhole = numbers.count == 3 && numbers.allSatisfy { $0 != nil }
            self.level = isWhole ? numbers[0] : nil
            self.subject = isWhole ? numbers[1] : nil
            self.detail = isWhole ? numbers[2] : nil
        }
    }
}

/// Finds the pause that a temporary refusal names, as in `try again in 300 seconds` or `Greylisted for 00:05:00`.
enum RetryAfter {
    /// Words after which a length of time is the pause asked for.
    private static let announcing = [
        "retry", "retried", "again", "wait", "back", "greylist", "graylist", "grey-list", "gray-list", "defer", "delay",
        "resubmit", "resend",
    ]
    /// Words before a length of time that is something else: `100 messages in the last 60 seconds`.
    private static let unrelated: Set<String> = ["last", "past", "per", "every", "previous"]
    /// How many words later a length of time still belongs to the announcement.
    private static let reachWords = 8

    private static let units: [(name: String, seconds: Int)] = [
        ("seconds", 1), ("second", 1), ("secs", 1), ("sec", 1), ("s", 1),
        ("minutes", 60), ("minute", 60), ("mins", 60), ("min", 60), ("m", 60),
        ("hours", 3_600), ("hour", 3_600), ("hrs", 3_600), ("hr", 3_600), ("h", 3_600),
    ]

    /// - Returns: At least 1, or `nil` when the text names none.
    static func seconds(in text: String) -> Int? {
        let words = text.lowercased().split { " =()[]\"',".contains($0) }
        var reach = 0
        for (index, word) in words.enumerated() {
            if reach > 0, index == 0 || !self.unrelated.contains(String(words[index - 1])) {
                let next = index + 1 < words.count ? words[index + 1] : ""
                if let seconds = self.clock(word) ?? self.length(word, unit: next), seconds > 0 { return seconds }
            }
            reach = max(0, reach - 1)
            // A sentence says one thing; what the next one measures is its own.
            if word.hasSuffix(".") || word.hasSuffix(";") || word.hasSuffix("!") { reach = 0 }
            if self.announcing.contains(where: { word.hasPrefix($0) }), !word.hasSuffix(".") { reach = self.reachWords }
        }
        return nil
    }

    /// `00:05:00`.
    private static func clock(_ word: Substring) -> Int? {
        let parts = self.bare(word).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ (1...2).contains($0.count) }) else { return nil }
        let numbers = parts.compactMap { self.number($0) }
        return numbers.count == 3 ? numbers[0] * 3_600 + numbers[1] * 60 + numbers[2] : nil
    }

    /// `300 seconds`, `300s`, `5min`.
    private static func length(_ word: Substring, unit next: Substring) -> Int? {
        let digits = word.prefix { $0.isASCII && $0.isNumber }
        guard let number = self.number(digits) else { return nil }
        let rest = self.bare(word.dropFirst(digits.count))
        let name = rest.isEmpty ? self.bare(next) : rest
        return self.units.first { $0.name == name }.map { number * $0.seconds }
    }

    private static func bare(_ word: Substring) -> Substring {
        var word = word
        while let last = word.last, ".;:!".contains(last) { word.removeLast() }
        return word
    }

    /// At most six digits: a week has no more seconds.
    private static func number(_ digits: Substring) -> Int? {
        (1...6).contains(digits.count) ? Int(digits) : nil
    }
}
