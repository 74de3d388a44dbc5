import Domain

/// A scenario of the test relay: which recipients get which replies.
///
/// ```yaml
/// seed: 7
/// rules:
///   - { match: gmail.com, share: 0.1, tries: 1, reply: "451 4.7.1 Try again later" }
///   - { match: "*", share: 0.001, at: message, drop: true }
///   - { match: "slow@*", at: message, slow: 2s }
/// ```
package struct ScenarioFile: Hashable, Sendable {
    /// `seed`, default 0: changes who is hit where `share` is below 1.
    package var seed: UInt64
    /// `rules`, at most ``rulesMax``; the first that applies decides.
    package var rules: [Rule]

    /// Each is looked at for each recipient.
    package static let rulesMax = 256

    /// One of `rules`.
    package struct Rule: Hashable, Sendable {
        /// `match`: a domain or an address, `*` for any text.
        package var match: String
        /// `share`, default 1, 0 to 1: the part of the addresses that is hit.
        package var share: Double
        /// `tries`, 1 to 60: how many first tries of an address are affected; `nil` for all.
        package var tries: Int?
        /// `at`, default `rcpt`.
        package var stage: Stage
        package var action: Action
        /// For problems that only the relay itself finds.
        package var place: Place
    }

    /// Where in the dialogue a rule acts.
    package enum Stage: String, Hashable, Sendable, CaseIterable {
        case recipient = "rcpt"
        case data
        case message
    }

    /// What a rule does: one of `reply`, `drop` and `slow`.
    package enum Action: Hashable, Sendable {
        /// `reply: "451 4.7.1 Try again later"`.
        case reply(String)
        /// `drop: true`: closes the connection without an answer.
        case drop
        /// `slow: 2s`, up to 10 minutes: answers late; the rules after it still apply.
        case slow(milliseconds: Int)
    }

    /// Reads the file at `path`; all its problems are thrown at once.
    package static func load(path: String) throws(FileProblems) -> ScenarioFile {
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.read(path, RegularFile.Demand(bytesMax: FileNode.sourceBytesMax))
        } catch {
            throw FileProblems([Diagnostic(file: path, "the file \(error.message)")])
        }
        return try Self.parse(String(decoding: bytes, as: UTF8.self), file: path)
    }

    /// Reads a scenario from text, as if it stood in `file`.
    package static func parse(_ source: String, file: String) throws(FileProblems) -> ScenarioFile {
        let root = try FileNode.parse(source, file: file)
        let reading = FileReading(file: file, source: source, environment: nil)
        let keys = KeyReader(root, path: "", reading: reading, keys: KeySet(known: ["seed", "rules"]))
        let elements = keys.list("rules", atMost: Self.rulesMax, of: "rules, each with match and reply, drop or slow")
        let scenario = ScenarioFile(
            seed: UInt64(keys.integer("seed", default: 0, in: 0...Int.max)),
            rules: (elements ?? []).compactMap { Self.rule($0.node, path: $0.path, reading: reading) }
        )
        return try reading.finish(scenario)
    }

    private static func rule(_ node: FileNode, path: String, reading: FileReading) -> Rule? {
        let set = KeySet(known: ["match", "share", "tries", "at", "reply", "drop", "slow"])
        let keys = KeyReader(node, path: path, reading: reading, keys: set)
        let match = keys.required("match", "a domain or an address, with * for any text") ?? ""
        let actions = ["reply", "drop", "slow"].filter(keys.has)
        guard actions.count == 1 else {
            keys.problem(actions.last ?? "reply", "a rule does one thing; allowed: reply, drop or slow")
            return nil
        }
        let action: Action
        switch actions[0] {
        case "reply": action = .reply(keys.text("reply") ?? "")
        case "slow": action = .slow(milliseconds: Int(keys.duration("slow", default: 1, in: 1...600_000)))
        default:
            action = .drop
            if keys.text("drop") != "true" { keys.problem("drop", "allowed: true") }
        }
        return Rule(
            match: match,
            share: keys.decimal("share", default: 1, in: 0...1),
            tries: keys.has("tries") ? keys.integer("tries", default: 1, in: 1...60) : nil,
            stage: keys.choice("at", default: .recipient),
            action: action,
            place: keys.place
        )
    }
}
