import Foundation

/// The repository's own files, read as text.
enum SourceTree {
    struct File: Sendable {
        /// From the repository's root, as in `Sources/Shared/Mail/Template.swift`.
        let path: String
        let text: String

        var lines: [Substring] { self.text.split(separator: "\n", omittingEmptySubsequences: false) }

        /// Written by a program; its style is that program's.
        var isGenerated: Bool {
            self.path.hasSuffix(".pb.swift") || self.path.hasSuffix("/OpenAPIDocument.swift")
        }

        /// The module, as in `Mail`; the executable's folder for executables.
        var module: String {
            let parts = self.path.split(separator: "/").map(String.init)
            guard parts.count > 2 else { return "" }
            return parts[1] == "Shared" ? parts[2] : parts[1]
        }

        /// Places that match a regular expression, as `path:line: text`; what stands behind `//` is left out unless wanted.
        func places(of pattern: String, inComments: Bool = false) -> [String] {
            guard let expression = try? NSRegularExpression(pattern: pattern, options: .anchorsMatchLines) else {
                return ["\(pattern) is no regular expression"]
            }
            let range = NSRange(self.text.startIndex..., in: self.text)
            return expression.matches(in: self.text, range: range).compactMap { match in
                guard let found = Range(match.range, in: self.text) else { return nil }
                let start = self.text[..<found.lowerBound].lastIndex(of: "\n").map(self.text.index(after:))
                let lead = self.text[(start ?? self.text.startIndex)..<found.lowerBound]
                guard inComments || !lead.contains("//") else { return nil }
                let line = self.text.lineRange(for: found)
                let number = self.text[..<line.lowerBound].count { $0 == "\n" } + 1
                return "\(self.path):\(number): \(self.text[line].trimmingCharacters(in: .whitespacesAndNewlines))"
            }
        }

        /// Names of the modules that the file imports.
        var imports: [String] {
            self.lines.filter { $0.contains("import ") }.compactMap { line in
                let words = line.split(separator: " ")
                guard let at = words.firstIndex(of: "import"), words.count > at + 1 else { return nil }
                guard words[..<at].allSatisfy({ $0.hasPrefix("@") || $0 == "package" }) else { return nil }
                return words[at + 1].split(separator: ".").first.map(String.init)
            }
        }
    }

    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Swift files under these folders of the root.
    static func swift(_ folders: String...) -> [File] {
        folders.flatMap { Self.files(under: $0) { $0.hasSuffix(".swift") } }
    }

    /// Every text file that is part of the project.
    static let all: [File] = {
        let top = ["Makefile", "Package.swift", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ".ci/run"]
        let folders = ["Sources", "Tests", "scripts", "deploy", "docs"]
        return top.compactMap(Self.file) + folders.flatMap { Self.files(under: $0) { !$0.hasSuffix(".png") } }
    }()

    private static func files(under folder: String, where isWanted: (String) -> Bool) -> [File] {
        let base = Self.root.appending(path: folder).path
        guard let names = FileManager.default.enumerator(atPath: base) else { return [] }
        return names.compactMap { $0 as? String }.filter { isWanted($0) && !$0.contains("__pycache__") }.sorted()
            .compactMap { Self.file("\(folder)/\($0)") }
    }

    private static func file(_ path: String) -> File? {
        guard let text = try? String(contentsOf: Self.root.appending(path: path), encoding: .utf8) else { return nil }
        return File(path: path, text: text)
    }
}
