import Domain
import Mail
import UserFiles

/// Warnings about a campaign that may be sent as it is, but hardly should be.
struct CampaignLint {
    private let file: UserFiles.CampaignFile
    private var warnings: [Diagnostic] = []
    private var partialsSeen: Set<String> = []

    /// Warnings of one campaign; more would not be read.
    private static let warningsMax = 50

    private static let links: Set<String> = [UnsubscribeLinks.field.name]

    /// - Parameter file: A campaign whose templates compile.
    /// - Returns: Each with its place, in the order of the file.
    static func warnings(for file: UserFiles.CampaignFile) -> [Diagnostic] {
        var lint = Self(file: file)
        for index in file.variants.indices { lint.look(at: index) }
        return Array(lint.warnings.prefix(Self.warningsMax))
    }

    private init(file: UserFiles.CampaignFile) { self.file = file }

    private mutating func look(at index: Int) {
        let variant = self.file.variants[index]
        if let subject = self.template(variant.subject, .none) {
            self.add(ContentLint.subject(subject), in: variant.subject)
        }
        let textTemplate = variant.text.flatMap { self.template($0, .none) }
        if let text = variant.text, let textTemplate {
            self.add(ContentLint.text(text.text), in: text)
            self.lookAtPartials(of: textTemplate) { ContentLint.text($0) }
        }
        guard let html = variant.html, let template = self.template(html, .html) else { return }
        self.add(ContentLint.html(html.text, links: Self.links), in: html)
        self.add(ContentLint.size(template), in: html)
        self.lookAtPartials(of: template) { ContentLint.html($0, links: Self.links) }
        self.add(ContentLint.proportion(text: textTemplate, html: template), in: html)
    }

    private mutating func lookAtPartials(of template: Template, _ judge: (String) -> [ContentLint.Finding]) {
        for name in template.partials where self.partialsSeen.insert(name).inserted {
            for finding in judge(self.file.partials[name] ?? "") {
                self.warnings.append(
                    Diagnostic(
                        .warning,
                        file: CampaignSource.partialFile(name),
                        line: finding.line,
                        column: finding.column,
                        finding.message
                    )
                )
            }
        }
    }

    private mutating func add(_ findings: [ContentLint.Finding], in text: TemplateText) {
        for finding in findings {
            let warning = text.diagnostic(.warning, line: finding.line, column: finding.column, finding.message)
            if !self.warnings.contains(warning) { self.warnings.append(warning) }
        }
    }

    private func template(_ text: TemplateText, _ escaping: Template.Escaping) -> Template? {
        try? Template(text.text, escaping: escaping, file: text.file, partials: self.file.partials)
    }
}
