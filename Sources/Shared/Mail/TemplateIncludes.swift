extension Template {
    /// A `{{>name}}` in a text.
    package struct Include: Hashable, Sendable {
        package let name: String
        /// 1-based.
        package let line: Int
        /// 1-based, in characters.
        package let column: Int
    }

    /// The partials that a text names, in its order, each as often as it is named.
    ///
    /// Reads as far as the text can be read; what is wrong with it is for ``init(_:escaping:file:partials:recursion:)`` to say.
    package static func includes(in text: String) -> [Include] {
        guard text.utf8.count <= Self.textBytesMax else { return [] }
        let bytes = Array(text.utf8)
        var scanner = TemplateScanner(bytes)
        var includes: [Include] = []
        while includes.count < Self.includesMax {
            do throws(TemplateFault) {
                guard let token = try scanner.next() else { break }
                guard case .partial = token.kind else { continue }
                let name = String(decoding: bytes[token.content], as: UTF8.self)
                includes.append(Include(name: name, line: token.place.line, column: token.place.column))
            } catch {
                if error.isFatal { break }
            }
        }
        return includes
    }

    /// Partials that are looked for in one text; nobody names more.
    private static let includesMax = 1_000
}
