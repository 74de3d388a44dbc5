import Domain

/// Turns a template's text into a ``Template``.
///
/// Each partial is compiled once for each indentation it is included with, as a routine of its own that `call` steps go to.
struct TemplateCompiler {
    private let escaping: Template.Escaping
    let partials: [String: String]
    let recursion: Bool

    private var fields: [Template.FieldUse] = []
    private var names: [String] = []
    private var numbers: [String: UInt32] = [:]
    private var literals: [UInt8] = []
    var routines: [Routine] = []
    var routineNumbers: [RoutineKey: Int] = [:]
    var expandedBytes = 0
    private var diagnostics: [Diagnostic] = []

    init(escaping: Template.Escaping, partials: [String: String], recursion: Bool) {
        self.escaping = escaping
        self.partials = partials
        self.recursion = recursion
    }

    /// What is known of a template or partial once it is compiled.
    struct Routine {
        /// Jumps are relative to the routine's first step; calls hold the number of a routine.
        var operations: [TemplateOperation] = []
        /// Steps when every section is entered once, partials included.
        var steps = 0
        /// Longest chain of partials that starts here.
        var depth = 0
        /// Names that are printed outside sections on the same name.
        var printed: Set<UInt32> = []
    }

    struct RoutineKey: Hashable {
        let partial: String
        let indentation: [UInt8]
        /// The place in HTML where it is included is the beginning of a link.
        let beginsLink: Bool
    }

    /// A template or partial while it is compiled.
    struct Unit {
        let file: String
        let text: [UInt8]
        let indentation: Int
        /// Partials from the outermost to this one.
        let chain: [String]
        /// The last text outside tags, where links are told from other places.
        var before: [UInt8] = []
        var open: [OpenSection] = []
        var routine = Routine()
    }

    struct OpenSection {
        let name: UInt32
        let isInverted: Bool
        /// The step to be told where the section ends.
        let operation: Int
        let content: ArraySlice<UInt8>
        let place: TemplatePlace
    }

    mutating func compile(_ text: String, file: String) throws(InvalidContent) -> Template {
        let bytes = Array(text.utf8)
        guard bytes.count <= Template.textBytesMax else {
            throw InvalidContent([Self.tooLarge(bytes.count, file: file)])
        }
        self.routines.append(Routine())
        let main = self.compile(Unit(file: file, text: bytes, indentation: 0, chain: []))
        self.routines[0] = main
        guard self.diagnostics.isEmpty else { throw InvalidContent(self.diagnostics) }
        let required = self.names.indices.filter { main.printed.contains(UInt32($0)) && self.names[$0] != "." }
        return Template(
            fields: self.fields,
            required: required.map { self.names[$0] },
            partials: Set(self.routineNumbers.keys.map(\.partial)).sorted(),
            names: self.names,
            operations: self.linked(),
            literals: self.literals
        )
    }

    mutating func compile(_ start: Unit) -> Routine {
        var unit = start
        var scanner = TemplateScanner(unit.text)
        reading: while self.diagnostics.count < Template.diagnosticsMax {
            do throws(TemplateFault) {
                guard let token = try scanner.next() else { break }
                guard self.add(token, to: &unit) else { break reading }
            } catch {
                self.report(error.message, at: error.place, in: unit)
                // What a broken tag would have closed is not worth a second complaint.
                if error.isFatal { return unit.routine }
            }
        }
        for section in unit.open {
            self.report("section '\(Self.shown(section.content))' is never closed", at: section.place, in: unit)
        }
        unit.routine.operations.append(.return)
        unit.routine.steps += unit.routine.operations.count
        return unit.routine
    }

    /// - Returns: `false` when compiling cannot go on.
    private mutating func add(_ token: TemplateToken, to unit: inout Unit) -> Bool {
        let content = unit.text[token.content]
        switch token.kind {
        case .text:
            unit.routine.operations.append(
                .literal(start: UInt32(self.literals.count), count: UInt32(content.count))
            )
            self.literals.append(contentsOf: content)
            if self.escaping == .html {
                unit.before += content.suffix(LinkStart.lookBehind)
                unit.before.removeFirst(max(0, unit.before.count - LinkStart.lookBehind))
            }
        case .variable(let escaped):
            let name = self.number(of: content, at: token.place, in: unit)
            let isGuarded = unit.open.contains { $0.name == name }
            if !isGuarded { unit.routine.printed.insert(name) }
            let escaped = escaped && self.escaping == .html
            let isLink = self.isAtLink(unit)
            unit.routine.operations.append(
                isLink ? .link(name: name, escaped: escaped) : .print(name: name, escaped: escaped)
            )
        case .section, .inverted:
            return self.open(token, content, in: &unit)
        case .end:
            self.close(content, at: token.place, in: &unit)
        case .partial:
            self.include(token, content, in: &unit)
        }
        return true
    }

    /// Whether what comes next begins a link in HTML.
    func isAtLink(_ unit: Unit) -> Bool { self.escaping == .html && LinkStart.follows(unit.before[...]) }

    private mutating func number(of content: ArraySlice<UInt8>, at place: TemplatePlace, in unit: Unit) -> UInt32 {
        let name = String(decoding: content, as: UTF8.self)
        if let number = self.numbers[name] { return number }
        let number = UInt32(self.names.count)
        self.numbers[name] = number
        self.names.append(name)
        if name != "." {
            let column = max(1, place.column - unit.indentation)
            self.fields.append(.init(name: name, file: unit.file, line: place.line, column: column))
        }
        return number
    }

    mutating func report(_ message: String, at place: TemplatePlace, in unit: Unit) {
        guard self.diagnostics.count < Template.diagnosticsMax else { return }
        let column = max(1, place.column - unit.indentation)
        self.diagnostics.append(Diagnostic(file: unit.file, line: place.line, column: column, message))
    }

    /// Puts all routines behind one another and makes their jumps and calls absolute.
    private func linked() -> [TemplateOperation] {
        var starts: [UInt32] = []
        var total: UInt32 = 0
        for routine in self.routines {
            starts.append(total)
            total += UInt32(routine.operations.count)
        }
        return zip(self.routines, starts).flatMap { routine, start in
            routine.operations.map { operation in
                switch operation {
                case .section(let name, let past): .section(name: name, past: past + start)
                case .inverted(let name, let past): .inverted(name: name, past: past + start)
                case .loop(let body): .loop(body: body + start)
                case .call(let routine): .call(starts[Int(routine)])
                case .literal, .print, .link, .return: operation
                }
            }
        }
    }

    private static func tooLarge(_ count: Int, file: String) -> Diagnostic {
        Diagnostic(file: file, "the template has \(count) bytes; at most \(Template.textBytesMax) are allowed")
    }

    /// A name as messages show it: not longer than a line.
    private static func shown(_ content: ArraySlice<UInt8>) -> String {
        content.count <= 60
            ? String(decoding: content, as: UTF8.self) : String(decoding: content.prefix(60), as: UTF8.self) + "…"
    }
}

// MARK: - Sections

extension TemplateCompiler {
    fileprivate mutating func open(_ token: TemplateToken, _ content: ArraySlice<UInt8>, in unit: inout Unit) -> Bool {
        guard unit.open.count < Template.sectionDepthMax else {
            self.report("more than \(Template.sectionDepthMax) sections within each other", at: token.place, in: unit)
            // The rest would only repeat this one problem for every tag.
            unit.open = []
            return false
        }
        let name = self.number(of: content, at: token.place, in: unit)
        let isInverted = if case .inverted = token.kind { true } else { false }
        unit.open.append(
            OpenSection(
                name: name,
                isInverted: isInverted,
                operation: unit.routine.operations.count,
                content: content,
                place: token.place
            )
        )
        unit.routine.operations.append(isInverted ? .inverted(name: name, past: 0) : .section(name: name, past: 0))
        return true
    }

    fileprivate mutating func close(_ content: ArraySlice<UInt8>, at place: TemplatePlace, in unit: inout Unit) {
        guard let section = unit.open.last else {
            self.report("'\(Self.shown(content))' is closed here but no section is open", at: place, in: unit)
            return
        }
        guard section.content == content else {
            let since = "line \(section.place.line), column \(max(1, section.place.column - unit.indentation))"
            self.report(
                "'\(Self.shown(content))' is closed here but '\(Self.shown(section.content))', opened at \(since), is still open",
                at: place,
                in: unit
            )
            // Take it for the end of the nearest section of that name, so that one slip is one problem.
            if let match = unit.open.lastIndex(where: { $0.content == content }) { unit.open.removeSubrange(match...) }
            return
        }
        unit.open.removeLast()
        let start = UInt32(section.operation)
        if section.isInverted {
            let past = UInt32(unit.routine.operations.count)
            unit.routine.operations[section.operation] = .inverted(name: section.name, past: past)
        } else {
            unit.routine.operations.append(.loop(body: start + 1))
            let past = UInt32(unit.routine.operations.count)
            unit.routine.operations[section.operation] = .section(name: section.name, past: past)
        }
    }
}
