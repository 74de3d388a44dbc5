import Domain
import Engine
import Intake
import Mail
import Storage
import TimeZones
import UserFiles

/// Compiles the parts of a ``CampaignPlan`` and collects all problems of a campaign file before it gives up.
struct CampaignPlanBuilder {
    struct Parts {
        let from: Mailbox
        let assignment: VariantAssignment
        let fields: [Field]
        let required: [[Int]]
        let defaults: [String?]
        let grants: GrantQuery
        let placeColumns: Bool
        let audience: AudienceQuery
        let conditions: [Expression]
        let audienceExpression: Expression?
        let partials: [String]
        let segments: [String: String]
        let usesLink: Bool
    }

    private let file: UserFiles.CampaignFile
    private let names: ExpressionNames
    private var known: [Field] { self.names.fields }
    /// The configuration's.
    private let caps: [FrequencyCap]
    private var problems: [Diagnostic] = []
    /// Names of all fields in use, in order of first use.
    private var used: [String] = []
    /// Names of all partials in use.
    private var included: Set<String> = []
    /// A template has a slot for the link to unsubscribe.
    private var usesLink = false

    /// The segments in its conditions.
    private var segments: [String: String] = [:]

    init(file: UserFiles.CampaignFile, names: ExpressionNames, caps: [FrequencyCap]) {
        self.file = file
        self.names = names
        self.caps = caps
    }

    mutating func build(id: Campaign.ID) throws(PlanProblems) -> Parts {
        let from = self.mailbox(self.file.from, at: "from")
        if let replyTo = self.file.replyTo { _ = self.mailbox(replyTo, at: "reply_to") }
        for header in self.file.headers { _ = self.template(header.value, escaping: .none) }
        self.checkDefaults()
        let required = self.file.variants.indices.map { self.variant($0) }
        let assignment = VariantAssignment(
            variants: self.file.variants.map { ($0.when, $0.weight) },
            campaign: id
        )
        let conditions = self.conditions(assignment)
        let audience = self.audienceQuery()
        let fields = self.used.compactMap { name in self.known.first { $0.name == name } }
        guard self.problems.isEmpty, let from, let audience else { throw PlanProblems(diagnostics: self.problems) }
        return Parts(
            from: from,
            assignment: assignment,
            fields: fields,
            required: required.map { names in names.compactMap { name in fields.firstIndex { $0.name == name } } },
            defaults: fields.map { self.defaultText(for: $0) },
            grants: GrantQuery(
                conditions: conditions.sql,
                bindings: conditions.bindings,
                columns: fields.map { $0.printedExpression(in: "c") } + self.placeColumns,
                caps: self.file.caps + self.caps
            ),
            placeColumns: !self.placeColumns.isEmpty,
            audience: audience.query,
            conditions: conditions.expressions,
            audienceExpression: audience.expression,
            partials: self.included.sorted(),
            segments: self.segments,
            usesLink: self.usesLink
        )
    }

    /// SQL of what says where a contact is, in the order of ``RecipientPlace``; none when nobody asks.
    private var placeColumns: [String] {
        guard self.file.schedule.window != nil, self.file.schedule.timezone == .recipient else { return [] }
        return RecipientPlace.columns(among: self.known)
    }

    private mutating func mailbox(_ text: String, at key: String) -> Mailbox? {
        switch MailboxParser.parse(text) {
        case .success(let mailbox): return mailbox
        case .failure(let problem):
            self.problems.append(self.file.diagnostic(at: key, "'\(text)' is no address: \(problem.text)"))
            return nil
        }
    }

    /// Compiles one variant.
    ///
    /// - Returns: Names of the fields that must not be empty for it.
    private mutating func variant(_ index: Int) -> [String] {
        let variant = self.file.variants[index]
        var required: [String] = []
        let parts: [(TemplateText?, Template.Escaping)] = [
            (variant.subject, .none), (variant.text, .none), (variant.html, .html),
        ]
        for (text, escaping) in parts {
            guard let text else { continue }
            for name in self.template(text, escaping: escaping) where !required.contains(name) {
                required.append(name)
            }
        }
        return required.filter { self.isRequired($0) }
    }

    /// A default for a field that nobody has is a slip of the pen: the field that is meant would be without one.
    private mutating func checkDefaults() {
        guard case .defaults(let texts) = self.file.missingField else { return }
        let names = self.known.map(\.name)
        for name in texts.keys.sorted() where !names.contains(name) {
            let near = nearestName(to: name, in: names).map { "; did you mean '\($0)'?" } ?? ""
            let path = "missing_field.\(name)"
            self.problems.append(self.file.diagnostic(at: path, "there is no field '\(name)'\(near)"))
        }
    }

    private func isRequired(_ name: String) -> Bool {
        switch self.file.missingField {
        case .reject: true
        case .blank: false
        case .defaults(let texts): texts[name] == nil
        }
    }

    private func defaultText(for field: Field) -> String? {
        guard case .defaults(let texts) = self.file.missingField else { return nil }
        return texts[field.name]
    }

    /// Compiles one template and notes the fields it uses.
    ///
    /// - Returns: Names of the fields it prints whatever else is there.
    private mutating func template(_ text: TemplateText, escaping: Template.Escaping) -> [String] {
        do throws(InvalidContent) {
            let template = try Template(
                text.text,
                escaping: escaping,
                file: text.file,
                partials: self.file.partials
            )
            self.included.formUnion(template.partials)
            let link = UnsubscribeLinks.field
            for problem in template.unknownFields(among: self.known + [link]) { self.add(problem, in: text) }
            // The link is there for everybody; a field of contacts that has its name is not meant.
            for use in template.fields where use.name != link.name && !self.used.contains(use.name) {
                self.used.append(use.name)
            }
            if template.fields.contains(where: { $0.name == link.name }) { self.usesLink = true }
            return template.required.filter { $0 != link.name }
        } catch {
            for problem in error.diagnostics { self.add(problem, in: text) }
            return []
        }
    }

    private mutating func add(_ problem: Diagnostic, in text: TemplateText) {
        guard problem.file == text.file else {
            // It stands in a partial.
            var problem = problem
            problem.file = CampaignSource.partialFile(problem.file)
            if !self.problems.contains(problem) { self.problems.append(problem) }
            return
        }
        self.problems.append(text.diagnostic(line: problem.line, column: problem.column, problem.message))
    }

    private mutating func conditions(
        _ assignment: VariantAssignment
    ) -> (sql: [String], bindings: [SQLValue], expressions: [Expression]) {
        var sql: [String] = []
        var bindings: [SQLValue] = []
        var expressions: [Expression] = []
        for condition in assignment.conditions {
            let variant = self.file.variants.firstIndex { $0.when == condition } ?? 0
            guard let expression = self.parse(condition, at: "variants[\(variant)].when") else { continue }
            guard !expression.asksHistory else {
                self.problems.append(
                    self.file.diagnostic(
                        at: "variants[\(variant)].when",
                        "what became of earlier messages can be asked in audience only, not for each message"
                    )
                )
                continue
            }
            let segment = Self.segment(expression, firstParameter: GrantQuery.firstFreeParameter + bindings.count)
            sql.append(segment.condition)
            bindings += segment.bindings
            expressions.append(expression)
        }
        return (sql, bindings, expressions)
    }

    private mutating func audienceQuery() -> (query: AudienceQuery, expression: Expression?)? {
        let first = AudienceQuery.firstFreeParameter
        switch self.file.audience {
        case .segment(let name):
            return self.audienceQuery("segment('\(name.replacing("'", with: "''"))')", at: "audience.segment")
        case .list(let name):
            let membership = AudienceQuery.membership(parameter: first)
            return (AudienceQuery(condition: membership, bindings: [.text(name)]), nil)
        case .expression(let text): return self.audienceQuery(text, at: "audience")
        }
    }

    private mutating func audienceQuery(
        _ text: String,
        at path: String
    ) -> (query: AudienceQuery, expression: Expression?)? {
        guard let expression = self.parse(text, at: path) else { return nil }
        let segment = Self.segment(expression, firstParameter: AudienceQuery.firstFreeParameter)
        return (AudienceQuery(condition: segment.condition, bindings: segment.bindings), expression)
    }

    private mutating func parse(_ text: String, at path: String) -> Expression? {
        switch ExpressionParser.parse(text, names: self.names) {
        case .success(let parsed):
            self.segments.merge(parsed.segments) { first, _ in first }
            return parsed.expression
        case .failure(let problems):
            self.problems += problems.diagnostics.map { self.file.diagnostic($0, in: path) }
            return nil
        }
    }

    private static func segment(_ expression: Expression, firstParameter: Int) -> SegmentSQL {
        SegmentSQL(expression, firstParameter: firstParameter) { $0.comparedExpression(in: "c") }
    }
}
