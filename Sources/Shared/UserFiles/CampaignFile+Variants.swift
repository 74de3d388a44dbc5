extension CampaignFile {
    private static let variantKeys = KeySet(known: [
        "name", "when", "weight", "subject", "text", "text_file", "html", "html_file",
    ])

    /// Reads `variants`; empty only together with a problem.
    static func variants(_ keys: KeyReader, files: [String: String]) -> [CampaignVariant] {
        guard keys.has("variants") else {
            keys.problem(
                "variants",
                "is missing; allowed: 1 to \(Self.variantsMax) variants, each with name and subject"
            )
            return []
        }
        let list = keys.list("variants", atMost: Self.variantsMax, of: "variants, each with name and subject")
        guard let elements = list else { return [] }
        if elements.isEmpty { keys.problem("variants", "is empty; allowed: 1 to \(Self.variantsMax) variants") }
        var names: Set<String> = []
        return elements.compactMap { path, node in
            let variant = KeyReader(node, path: path, reading: keys.reading, keys: Self.variantKeys)
            let name = variant.required("name", Name.grammar) ?? ""
            if variant.has("name"), Name.read(name) == nil {
                variant.problem("name", "\(quoted(name)) is not allowed; allowed: \(Name.grammar)")
            } else if variant.has("name"), !names.insert(name).inserted {
                variant.problem("name", "\(quoted(name)) is the name of another variant")
            }
            return Self.variant(variant, name: name, files: files)
        }
    }

    private static func variant(_ keys: KeyReader, name: String, files: [String: String]) -> CampaignVariant? {
        let text = Self.body(keys, "text", files: files)
        let html = Self.body(keys, "html", files: files)
        if !["text", "text_file", "html", "html_file"].contains(where: keys.has) {
            keys.problem("text", "is missing; allowed: text, text_file, html or html_file")
        }
        if let when = keys.text("when"), when.allSatisfy(\.isWhitespace) {
            keys.problem("when", "is empty; leave it out for a variant that fits everybody")
        }
        let weight = keys.integer("weight", default: 1, in: 1...CampaignVariant.weightMax)
        guard keys.required("subject", "a text of one line") != nil, let subject = keys.scalar("subject") else {
            return nil
        }
        if subject.text.isEmpty || subject.text.contains(where: \.isNewline) {
            keys.problem("subject", "\(quoted(subject.text)) is not allowed; allowed: a text of one line")
        }
        return CampaignVariant(
            name: name,
            when: keys.text("when"),
            weight: weight,
            subject: TemplateText(subject, in: keys.reading),
            text: text,
            html: html
        )
    }

    /// The text of `KEY` or of the file that `KEY_file` names.
    private static func body(_ keys: KeyReader, _ key: String, files: [String: String]) -> TemplateText? {
        let fileKey = "\(key)_file"
        if keys.has(key), keys.has(fileKey) {
            keys.problem(fileKey, "is given beside \(key); allowed: one of both")
            return nil
        }
        if let scalar = keys.scalar(key) { return TemplateText(scalar, in: keys.reading) }
        guard let name = keys.text(fileKey) else { return nil }
        guard CampaignSource.isInside(name) else {
            keys.problem(fileKey, "\(quoted(name)) is not allowed; allowed: \(CampaignSource.nameGrammar)")
            return nil
        }
        guard let text = files[name] else {
            keys.problem(fileKey, "the file \(quoted(name)) was not sent along")
            return nil
        }
        guard text.utf8.count <= CampaignSource.fileBytesMax else {
            keys.problem(fileKey, "\(quoted(name)) has more than \(CampaignSource.fileBytesMax) bytes")
            return nil
        }
        return TemplateText(text: text, file: name)
    }
}
