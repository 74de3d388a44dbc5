package import Domain

/// A Mustache template, compiled once into a flat program over numbered names.
///
/// The language is that of the Mustache specification (interpolation, sections, inverted sections, partials, comments,
/// set-delimiter tags and their rules for lines), without lambdas, inheritance and dynamic names. It reads nothing but the values
/// it is given, and no text, however hostile, does more than fail to compile: size, nesting and work are bounded here.
///
/// ```text
/// Hi {{name}}{{#city}}, all well in {{.}}?{{/city}}
///
///   literal "Hi "   print name   section city ──not true──┐
///                     ┌─▶ literal ", all well in "        │
///                     │   print .   literal "?"           │
///                     └── loop                            ▼
///                         return ◀────────────────────────┘
/// ```
package struct Template: Sendable {
    /// What happens to the values of `{{name}}`; `{{{name}}}` and `{{&name}}` print them as they are.
    package enum Escaping: Hashable, Sendable {
        /// Nothing: plain text, subjects, header values.
        case none
        /// `& < > " '` become `&amp; &lt; &gt; &quot; &#39;`.
        case html
    }

    /// A name that a template uses, and where it does so first.
    package struct FieldUse: Hashable, Sendable {
        package let name: String
        /// The file the template was said to come from; of a name in a partial: the partial's name.
        package let file: String
        /// 1-based.
        package let line: Int
        /// 1-based, in characters.
        package let column: Int
    }

    /// Most bytes in a template or partial: a mail of this size is already cut short by readers' programs.
    package static let textBytesMax = 512 * 1_024
    /// Sections that may be open at once within one template or partial.
    package static let sectionDepthMax = 64
    /// Partials that may include each other in a row.
    package static let partialDepthMax = 32
    /// Bytes of all partials together, each counted once for every indentation it is included with.
    package static let expandedBytesMax = 4 * 1_024 * 1_024
    /// Steps of the program when every section is entered once; bounds the work of a template without lists.
    package static let stepsMax = 1 << 18
    /// Problems that are reported before the compiler gives up.
    package static let diagnosticsMax = 100

    /// Every name used, once, in order of first use; the implicit iterator `.` is not one.
    package let fields: [FieldUse]
    /// Names that are printed somewhere outside every section and inverted section on the same name: where such a value is empty,
    /// a reader would see a gap.
    package let required: [String]
    /// Names of the partials that are included, also by others; in order.
    package let partials: [String]

    /// What names in the program stand for: an index is a name's number.
    ///
    /// Holds `.` when it is used.
    package let names: [String]
    let operations: [TemplateOperation]
    let literals: [UInt8]

    /// Compiles a template.
    ///
    /// - Parameters:
    ///   - text: The template.
    ///   - escaping: What happens to the values of `{{name}}`.
    ///   - file: The name that diagnostics give to the template.
    ///   - partials: Templates by name, for `{{>name}}`.
    ///   - recursion: Whether partials may include themselves. The specification allows it, for data that nests; a row of fields has
    ///     nothing that would ever end it, so for campaigns it is an error.
    /// - Throws: ``InvalidContent`` with everything that is wrong, each with its line and column.
    package init(
        _ text: String,
        escaping: Escaping,
        file: String = "",
        partials: [String: String] = [:],
        recursion: Bool = false
    ) throws(InvalidContent) {
        var compiler = TemplateCompiler(escaping: escaping, partials: partials, recursion: recursion)
        self = try compiler.compile(text, file: file)
    }

    init(
        fields: [FieldUse],
        required: [String],
        partials: [String],
        names: [String],
        operations: [TemplateOperation],
        literals: [UInt8]
    ) {
        self.fields = fields
        self.required = required
        self.partials = partials
        self.names = names
        self.operations = operations
        self.literals = literals
    }

    /// The text between the tags, sections and their opposites once each, partials wherever they are included.
    ///
    /// - Parameter bytesMax: Where to stop, so that partials within partials cannot grow without end.
    /// - Returns: UTF-8, at most `bytesMax` bytes.
    package func writtenText(bytesMax: Int) -> [UInt8] {
        var text: [UInt8] = []
        var callers: [Int] = []
        var step = 0
        while text.count < bytesMax, self.operations.indices.contains(step) {
            step += 1
            switch self.operations[step - 1] {
            case .literal(let start, let count): text += self.literals[Int(start)..<Int(start + count)]
            case .call(let routine):
                callers.append(step)
                step = Int(routine)
            case .return:
                guard let caller = callers.popLast() else { return text }
                step = caller
            case .print, .link, .section, .inverted, .loop: break
            }
        }
        return Array(text.prefix(bytesMax))
    }

    /// What is wrong with the names used, when `fields` are all there are.
    ///
    /// - Returns: One error for each name that is no field (the first ``diagnosticsMax`` of them), with the place of its first use and
    ///   the nearest field's name.
    package func unknownFields(among fields: [Field]) -> [Diagnostic] {
        let known = Set(fields.map(\.name))
        let unknown = self.fields.lazy.filter { !known.contains($0.name) }.prefix(Self.diagnosticsMax)
        return unknown.map { use in
            let near = nearestName(to: use.name, in: fields.map(\.name))
            let hint = near.map { ", did you mean '\($0)'?" } ?? ""
            return Diagnostic(
                file: use.file,
                line: use.line,
                column: use.column,
                "unknown field '\(use.name)'\(hint)"
            )
        }
    }
}

/// A step of a compiled template.
///
/// Indices are absolute.
enum TemplateOperation: Hashable, Sendable {
    /// Prints bytes of ``Template/literals``.
    case literal(start: UInt32, count: UInt32)
    /// Prints a value.
    case print(name: UInt32, escaped: Bool)
    /// Prints a value that begins a link in HTML; nothing when ``LinkStart`` does not allow it.
    case link(name: UInt32, escaped: Bool)
    /// Opens a section; goes to `past` when its value is false or has no items.
    case section(name: UInt32, past: UInt32)
    /// Goes to `past` when the value is true.
    case inverted(name: UInt32, past: UInt32)
    /// Ends a section; goes to `body` when it has another item.
    case loop(body: UInt32)
    /// Goes on at a partial's first step, and comes back at its `return`.
    case call(UInt32)
    case `return`
}

/// Text that does not compile, or content that no message can be made of: all problems that were found.
package struct InvalidContent: Error, Hashable, Sendable {
    /// Never empty.
    package let diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}
