import Domain

/// Compiles what a ``MessageComposer`` needs, and collects what is wrong with it.
struct MessagePreparation {
    private let fields: [Field]
    private let partials: [String: String]
    private(set) var diagnostics: [Diagnostic] = []

    init(fields: [Field], partials: [String: String]) {
        self.fields = fields
        self.partials = partials
    }

    mutating func variant(_ variant: MessageContent.Variant) -> PreparedVariant {
        let name = "variant \(variant.name)"
        if variant.text.isEmpty, variant.html.isEmpty {
            self.diagnostics.append(Diagnostic(file: name, "a variant needs a text or an html part"))
        }
        return PreparedVariant(
            subject: self.header("Subject", variant.subject, file: "\(name), subject"),
            text: variant.text.isEmpty ? nil : self.template(variant.text, .none, file: "\(name), text"),
            html: variant.html.isEmpty ? nil : self.template(variant.html, .html, file: "\(name), html")
        )
    }

    mutating func headers(_ headers: [MessageContent.Header]) -> [PreparedHeader] {
        if headers.count > MessageComposer.headersMax {
            let message = "\(headers.count) extra headers; at most \(MessageComposer.headersMax) are allowed"
            self.diagnostics.append(Diagnostic(.error, message))
        }
        var seen: Set<String> = []
        return headers.prefix(MessageComposer.headersMax).map { header in
            let file = "header \(header.name)"
            if let problem = HeaderName.problem(header.name) {
                self.diagnostics.append(Diagnostic(.error, problem))
            } else if !seen.insert(header.name.lowercased()).inserted {
                self.diagnostics.append(Diagnostic(file: file, "the header is given twice"))
            }
            return self.header(header.name, header.value, file: file)
        }
    }

    /// The Reply-To line, empty for an empty text.
    mutating func replyTo(_ text: String) -> [UInt8] {
        guard !text.isEmpty else { return [] }
        guard let mailbox = HeaderMailbox.parse(text) else {
            self.diagnostics.append(Diagnostic(.error, "reply-to is no address: use name@domain or Name <name@domain>"))
            return []
        }
        var line = MessageBytes(capacity: 128)
        line.appendMailboxHeader("Reply-To: ", mailbox)
        return Array(line.bytes)
    }

    /// The From line and `To: `.
    mutating func prefix(from mailbox: Mailbox) -> [UInt8] {
        if !HeaderMailbox.isUsable(Array(mailbox.address.text.utf8)[...]) {
            self.diagnostics.append(Diagnostic(.error, "from is no address that a header can carry in ASCII"))
        }
        var line = MessageBytes(capacity: 128)
        line.appendMailboxHeader("From: ", mailbox)
        line.append("To: ")
        return Array(line.bytes)
    }

    mutating func identity(key: [UInt8], domain: String) -> MessageIdentity? {
        guard let identity = MessageIdentity(key: key, domain: domain) else {
            self.diagnostics.append(
                Diagnostic(.error, "the Message-ID's domain may have letters, digits, '-' and '.' only")
            )
            return nil
        }
        return identity
    }

    private mutating func header(_ name: String, _ value: String, file: String) -> PreparedHeader {
        guard let template = self.template(value, .none, file: file) else { return .constant([]) }
        let name = Array("\(name): ".utf8)
        guard template.isConstant else { return .rendered(name: name, template) }
        var line = MessageBytes(capacity: 256)
        line.append(name)
        template.template.literals.withUnsafeBufferPointer { line.appendHeaderValue($0, column: name.count) }
        return .constant(Array(line.bytes))
    }

    private mutating func template(_ text: String, _ escaping: Template.Escaping, file: String) -> BoundTemplate? {
        do throws(InvalidContent) {
            let template = try Template(text, escaping: escaping, file: file, partials: self.partials)
            return try BoundTemplate(template, fields: self.fields)
        } catch {
            self.diagnostics += error.diagnostics
            return nil
        }
    }
}
