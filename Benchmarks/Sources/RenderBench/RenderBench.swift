import Domain
import Foundation
import Mail
import Mustache

/// Renders the same templates with the same values by Postrider's renderer and by swift-mustache, in turns.
///
/// Reads a ``Question`` from standard input and writes an ``Answer``, both JSON. The results are compared first: a renderer that
/// writes something else is not measured.
@main
enum RenderBench {
    static func main() throws {
        let question = try JSONDecoder().decode(Question.self, from: FileHandle.standardInput.readDataToEndOfFile())
        let people = People(count: 256)
        let own = try OwnRenderer(question, people)
        let other = try MustacheRenderer(question, people)
        try self.compare(own, other, people)

        var answer = Answer()
        // The first round warms caches up.
        for round in 0...question.rounds {
            let mustache = self.microseconds(question.messages) { other.bytes(of: $0 % people.count) }
            let postrider = try self.microseconds(question.messages) { try own.bytes(of: $0 % people.count) }
            let compose = try self.microseconds(question.messages) { try own.composedBytes(of: $0 % people.count) }
            let paths = try self.microseconds(question.messages) { try own.bytesWithReturnPath(of: $0 % people.count) }
            guard round > 0 else { continue }
            answer.mustache.append(mustache)
            answer.postrider.append(postrider)
            answer.compose.append(compose)
            answer.composeWithReturnPath.append(paths)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        FileHandle.standardOutput.write(try encoder.encode(answer))
    }

    /// Microseconds for one message.
    private static func microseconds(_ messages: Int, _ body: (Int) throws -> Int) rethrows -> Double {
        var total = 0
        let took = try ContinuousClock().measure {
            for message in 0..<messages { total &+= try body(message) }
        }
        // Whoever renders nothing is fast.
        precondition(total > messages)
        return took / .microseconds(1) / Double(messages)
    }

    private static func compare(_ own: OwnRenderer, _ other: MustacheRenderer, _ people: People) throws {
        for person in 0..<people.count {
            let (left, right) = (try own.texts(of: person), other.texts(of: person))
            guard left == right else { throw Difference(person: person, own: left, other: right) }
        }
    }
}

/// The two renderers do not agree.
struct Difference: Error {
    let person: Int
    let own: [String]
    let other: [String]
}

struct Question: Decodable {
    /// The templates of the two parts.
    let text: String
    let html: String
    /// How often each is measured.
    let rounds: Int
    /// Messages in one round.
    let messages: Int
}

/// Microseconds for one message, one number a round.
struct Answer: Encodable {
    var postrider: [Double] = []
    var mustache: [Double] = []
    /// Rendered, encoded and put together as a MIME message.
    var compose: [Double] = []
    /// The same, and a return path that names the message and cannot be made up.
    var composeWithReturnPath: [Double] = []
}
