/// What `contacts import --dry-run` says below the counts.
enum ImportTrialText {
    static func lines(_ trial: ImportReport.Trial, fields: [ImportReport.FieldUse], style: Style) -> [String] {
        var lines = ["", style.bold("nothing was changed; what the columns are")]
        var columns = Table([.init(""), .init(""), .init("")])
        for field in fields {
            let settled = field.open == true ? "no values yet: the first ones settle its type" : field.type
            let type = trial.newFields.contains(field.name) ? "\(settled), a new field" : settled
            columns.add(["  \(Printable.foreign(field.column))", field.name, type])
        }
        lines += columns.lines(style: .plain).dropFirst()
        guard !trial.changed.isEmpty else { return lines }
        lines.append(style.bold("contacts with another value"))
        var changes = Table([.init(""), .init("", .right)])
        for change in trial.changed { changes.add(["  \(change.field)", NumberText.grouped(change.contacts)]) }
        lines += changes.lines(style: .plain).dropFirst()
        lines.append(style.bold("for example"))
        var examples = Table([.init(""), .init(""), .init("")])
        for example in trial.examples {
            examples.add([
                "  \(Printable.foreign(example.address ?? "contact \(example.contact)"))", example.field,
                "\(Self.quoted(example.before)) → \(Self.quoted(example.after))",
            ])
        }
        return lines + examples.lines(style: .plain).dropFirst() + self.strangers(trial.otherPeople ?? 0, style)
    }

    /// Says that ids of two systems may have met: these contacts would become somebody else.
    private static func strangers(_ contacts: Int, _ style: Style) -> [String] {
        guard contacts > 0 else { return [] }
        let whom = contacts == 1 ? "1 contact would get" : "\(NumberText.grouped(contacts)) contacts would get"
        return [
            "\(style.yellow("warning:")) \(whom) both another address and another name. The file knows them by an id or number that they have;",
            "if its ids are not from the same system as those, say whose they are with --system NAME.",
        ]
    }

    private static func quoted(_ value: String?) -> String { value.map { "'\(Printable.foreign($0))'" } ?? "nothing" }
}
