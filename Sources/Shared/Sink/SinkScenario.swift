import Domain

/// How a sink behaves towards recipients: the first rule that applies decides, and without one the message is accepted.
///
/// Who is hit depends only on address, rule and seed, so a run repeats.
package struct SinkScenario: Hashable, Sendable {
    /// Where in the dialogue a rule acts.
    package enum Stage: String, Hashable, Sendable, CaseIterable {
        /// The reply to RCPT TO.
        case recipient = "rcpt"
        /// The reply to DATA.
        case data
        /// The reply to the final dot.
        case message
    }

    /// What a rule does.
    package enum Action: Hashable, Sendable {
        /// Answers with this line, such as `451 4.7.1 Try again later`.
        case reply(String)
        /// Closes the connection without an answer.
        case drop
        /// Answers late; the rules after it still apply.
        case slow(milliseconds: Int)
    }

    /// One kind of behaviour and whom it hits.
    package struct Rule: Hashable, Sendable {
        /// `*@gmail.com` (an address, `*` is any text), `gmail.com` (a domain) or `*` (everybody); letters match in
        /// either case.
        package var match: String
        /// The part of the addresses that is hit, 0 to 1.
        package var share: Double
        /// How many first tries of an address are affected; `nil` for all.
        package var tries: Int?
        package var at: Stage
        package var action: Action

        package init(match: String, share: Double = 1, tries: Int? = nil, at: Stage = .recipient, action: Action) {
            self.match = match
            self.share = share
            self.tries = tries
            self.at = at
            self.action = action
        }
    }

    package var rules: [Rule]
    /// Changes who is hit where `share` is below 1.
    package var seed: UInt64

    package init(rules: [Rule], seed: UInt64 = 0) {
        self.rules = rules
        self.seed = seed
    }

    /// Takes everything.
    package static let accept = Self(rules: [])

    /// One in a hundred greylisted, one in two hundred unknown, one in five hundred slow: a list in good order.
    package static let realistic = Self(rules: [
        Rule(match: "*", share: 0.002, at: .message, action: .slow(milliseconds: 500)),
        Rule(
            match: "*",
            share: 0.005,
            action: .reply("550 5.1.1 The email account that you tried to reach does not exist")
        ),
        Rule(match: "*", share: 0.01, tries: 1, action: .reply("451 4.7.1 Greylisted, please try again in 60 seconds")),
    ])

    /// The scenarios that need no file, by name.
    package static let builtIn: [String: Self] = ["accept": accept, "realistic": realistic]

    /// Most rules: each is looked at for each recipient.
    package static let rulesMax = 256
    /// Longest delay: the limit that RFC 5321 gives a client for the final dot.
    package static let slowMillisecondsMax = 600_000
}

extension SinkScenario.Rule {
    /// What is wrong with the rule and what is allowed; `nil` when it can be used.
    package var problem: String? {
        if self.match.isEmpty || !self.match.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) {
            return "match must be a domain or an address, with * for any text, got \"\(self.match)\""
        }
        if !(0...1).contains(self.share) { return "share must be 0 to 1, got \(self.share)" }
        if let tries = self.tries, !(1...SinkAddresses.triesMax).contains(tries) {
            return "tries must be 1 to \(SinkAddresses.triesMax), got \(tries)"
        }
        switch self.action {
        case .drop: return nil
        case .slow(let milliseconds):
            let isAllowed = (1...SinkScenario.slowMillisecondsMax).contains(milliseconds)
            return isAllowed ? nil : "slow must be 1ms to \(SinkScenario.slowMillisecondsMax)ms, got \(milliseconds)ms"
        case .reply(let line):
            let bytes = Array(line.utf8)
            let isReply =
                bytes.count >= 4 && bytes.count <= 510 && (50...53).contains(bytes[0]) && bytes[0] != 51
                && bytes[1...2].allSatisfy { (48...57).contains($0) } && bytes[3] == 32
            return isReply && bytes.allSatisfy { $0 >= 32 && $0 < 127 }
                ? nil : "reply must be one line such as \"451 4.7.1 Try again later\", got \"\(line)\""
        }
    }
}

/// A scenario made ready for being asked for each recipient.
struct SinkPlan: Sendable {
    /// What awaits one recipient.
    struct Verdict: Hashable, Sendable {
        /// Where `reply` is given, or the connection dropped; `nil` when the message is accepted.
        var stage: SinkScenario.Stage?
        /// `nil` is a drop.
        var reply: [UInt8]?
        /// Delay before the reply at each stage.
        var slowMilliseconds: [SinkScenario.Stage: Int] = [:]

        static let accept = Self()
    }

    private struct Compiled {
        let pattern: [UInt8]
        let isAddress: Bool
        let threshold: UInt64
        let salt: UInt64
        let tries: Int
        let rule: SinkScenario.Rule
        let reply: [UInt8]?
    }

    private let rules: [Compiled]

    init(_ scenario: SinkScenario) {
        self.rules = scenario.rules.prefix(SinkScenario.rulesMax).enumerated().map { index, rule in
            let pattern = Array(rule.match.lowercased().utf8)
            var reply: [UInt8]?
            if case .reply(let line) = rule.action { reply = Array(line.utf8) }
            return Compiled(
                pattern: pattern,
                isAddress: pattern.contains(64) || pattern == [42],
                // 2^32 and not 2^64: a share is exact enough, and no conversion can overflow.
                threshold: UInt64(min(max(rule.share, 0), 1) * 4_294_967_296),
                salt: SplitMix64.mix(scenario.seed &+ UInt64(index) &* SplitMix64.step),
                tries: rule.tries ?? .max,
                rule: rule,
                reply: reply
            )
        }
    }

    /// What awaits an address in lower case with its ``SinkHash``, which was tried so many times before.
    func verdict(for address: [UInt8], hash: UInt64, tries: Int) -> Verdict {
        guard !self.rules.isEmpty else { return .accept }
        var verdict = Verdict.accept
        let at = address.lastIndex(of: 64).map { $0 + 1 } ?? 0
        for compiled in self.rules {
            guard tries < compiled.tries, SplitMix64.mix(hash ^ compiled.salt) >> 32 < compiled.threshold,
                Self.matches(compiled.pattern, compiled.isAddress ? address[...] : address[at...])
            else { continue }
            if case .slow(let milliseconds) = compiled.rule.action {
                verdict.slowMilliseconds[compiled.rule.at] = milliseconds
                continue
            }
            verdict.stage = compiled.rule.at
            verdict.reply = compiled.reply
            break
        }
        return verdict
    }

    /// Whether `text` fits the pattern, in which `*` stands for any bytes.
    static func matches(_ pattern: [UInt8], _ text: ArraySlice<UInt8>) -> Bool {
        var place = 0
        var index = text.startIndex
        var star: (place: Int, index: Int)?
        while index < text.endIndex {
            if place < pattern.count, pattern[place] == 42 {
                star = (place, index)
                place += 1
            } else if place < pattern.count, pattern[place] == text[index] {
                place += 1
                index += 1
            } else if let last = star {
                // The last star takes one byte more, and the rest is tried again.
                star = (last.place, last.index + 1)
                place = last.place + 1
                index = last.index + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == 42 }
    }
}

/// A stable hash: the same on every machine and in every run.
enum SinkHash {
    /// FNV-1a, mixed: never 0.
    static func of(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return SplitMix64.mix(hash) | 1
    }
}
