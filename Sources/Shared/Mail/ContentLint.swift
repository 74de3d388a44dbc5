/// Advice about a message's templates: what is allowed, but will hardly be meant, or is punished by mailbox providers.
package enum ContentLint {
    /// One piece of advice.
    package struct Finding: Hashable, Sendable {
        /// 1-based line of the template.
        package let line: Int
        /// 1-based, in characters; 0 when the whole is meant.
        package let column: Int
        package let message: String
    }

    /// Characters of a subject; longer ones are cut by every reader's program, and taken for spam by some filters.
    package static let subjectCharactersMax = 150
    /// Bytes of an HTML part at which large mailbox providers cut the message and hide the rest behind a link.
    package static let htmlBytesMax = 102 * 1_024
    /// The least share of what the HTML part shows that the text part should have.
    private static let textShareMin = 4
    /// Pieces of advice about one template.
    private static let findingsMax = 20
    /// Bytes of a part that are looked at, its partials included; what is longer is too long by far.
    private static let writtenBytesMax = 4 << 20
    /// Below this an HTML part is too short to be compared.
    private static let comparedBytesMin = 200

    /// Advice about a subject, by what stands between its tags.
    package static func subject(_ template: Template) -> [Finding] {
        let characters = String(decoding: template.literals, as: UTF8.self).unicodeScalars.count
        guard characters > Self.subjectCharactersMax else { return [] }
        return [
            Finding(
                line: 1,
                column: 0,
                message: "the subject has \(characters) characters before any value is filled in; "
                    + "more than \(Self.subjectCharactersMax) are cut off or taken for spam"
            )
        ]
    }

    /// Advice about a text part or a partial in one.
    package static func text(_ text: String) -> [Finding] {
        let bytes = Array(text.utf8)
        let wanted = Array("www.".utf8)
        var findings: [Finding] = []
        for index in bytes.indices.dropLast(wanted.count) where findings.count < Self.findingsMax {
            guard bytes[index] | 0x20 == wanted[0], bytes[index...].prefix(4).elementsEqual(wanted) else { continue }
            let before = index > 0 ? bytes[index - 1] : 0x20
            let isInside = before == UInt8(ascii: "/") || before == UInt8(ascii: ".") || before == UInt8(ascii: "@")
            guard !isInside, !(0x30...0x7A).contains(before) else { continue }
            let address = bytes[index...].prefix { $0 > 0x20 && $0 != UInt8(ascii: "{") }
            findings.append(Self.withoutScheme("link", String(decoding: address, as: UTF8.self), at: index, in: bytes))
        }
        return findings
    }

    /// Advice about an HTML part or a partial in one.
    ///
    /// - Parameters:
    ///   - html: The template.
    ///   - links: Names whose values are links of our own.
    /// - Returns: In the order of the text.
    package static func html(_ html: String, links: Set<String> = []) -> [Finding] {
        let bytes = Array(html.utf8)
        var findings: [Finding] = []
        for tag in MarkupScan(html).tags where findings.count < Self.findingsMax {
            switch tag.name {
            case "a", "area":
                guard let value = tag.value("href") else { continue }
                findings += Self.link("link", value ?? "", known: links, at: tag.offset, in: bytes)
            case "img":
                if tag.value("alt") == nil {
                    let message = "the image has no alt text, which is all that readers see who load no images"
                    findings.append(Self.finding(message, at: tag.offset, in: bytes))
                }
                if let source = tag.value("src") {
                    findings += Self.link("image", source ?? "", known: links, at: tag.offset, in: bytes)
                }
            default: continue
            }
        }
        return findings
    }

    /// Advice about the size of an HTML part: of what every message has, whatever the values.
    package static func size(_ template: Template) -> [Finding] {
        let bytes = template.writtenText(bytesMax: Self.writtenBytesMax).count
        guard bytes > Self.htmlBytesMax else { return [] }
        let message =
            "the HTML part has \(bytes / 1_024) KB; mailbox providers cut it off after "
            + "\(Self.htmlBytesMax / 1_024) KB, with whatever stands at its end"
        return [Finding(line: 1, column: 0, message: message)]
    }

    /// Advice about a text part beside an HTML part.
    package static func proportion(text: Template?, html: Template) -> [Finding] {
        guard let text else {
            let message = "there is no text part, which filters and some readers expect beside HTML"
            return [Finding(line: 1, column: 0, message: message)]
        }
        let shown = Self.visible(html)
        let written = Self.visible(text)
        guard shown >= Self.comparedBytesMin, written * Self.textShareMin < shown else { return [] }
        let message =
            "the text part says much less than the HTML part (\(written) characters, not \(shown)); filters "
            + "take that for spam, and some readers see nothing else"
        return [Finding(line: 1, column: 0, message: message)]
    }

    /// Bytes that a reader sees before any value is filled in.
    private static func visible(_ template: Template) -> Int {
        MarkupScan(String(decoding: template.writtenText(bytesMax: Self.writtenBytesMax), as: UTF8.self)).visible
    }

    private static func link(
        _ kind: String,
        _ value: String,
        known: Set<String>,
        at offset: Int,
        in bytes: [UInt8]
    ) -> [Finding] {
        let address = String(value.drop { $0.isWhitespace })
        if address.hasPrefix("{{") {
            guard let name = Self.variable(address), !known.contains(name) else { return [] }
            let message =
                "the \(kind) begins with the value of '\(name)'; write https://… before it, since a value that begins "
                + "with another scheme than \(LinkStart.schemes.sorted().joined(separator: ", ")) is left out"
            return [Self.finding(message, at: offset, in: bytes)]
        }
        if address.isEmpty || address == "#" {
            return [Self.finding("the \(kind) leads nowhere", at: offset, in: bytes)]
        }
        if address.hasPrefix("#") { return [] }
        let name = address.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+" || $0 == "-") }
        guard address.dropFirst(name.count).hasPrefix(":"), name.first?.isLetter == true else {
            return [Self.withoutScheme(kind, address, at: offset, in: bytes)]
        }
        let scheme = name.lowercased()
        if LinkStart.schemes.contains(scheme), scheme != "cid" || kind == "image" { return [] }
        return [Self.finding("mail programs open no \(scheme): address; use https", at: offset, in: bytes)]
    }

    /// The name in the tag at the beginning of a text; `nil` for tags that print nothing.
    private static func variable(_ text: String) -> String? {
        let content = text.dropFirst(2).prefix { $0 != "}" }.drop { $0 == "{" || $0 == "&" || $0.isWhitespace }
        guard let first = content.first, !"#^/!>=".contains(first) else { return nil }
        return String(content.prefix { !$0.isWhitespace }.prefix(60))
    }

    private static func withoutScheme(_ kind: String, _ address: String, at offset: Int, in bytes: [UInt8]) -> Finding {
        let shown = address.prefix(60)
        return Self.finding("the \(kind) '\(shown)' has no scheme; write https://…", at: offset, in: bytes)
    }

    private static func finding(_ message: String, at offset: Int, in bytes: [UInt8]) -> Finding {
        let before = bytes[..<offset]
        let lineStart = before.lastIndex(of: .lineFeed).map { $0 + 1 } ?? 0
        let line = before.count { $0 == .lineFeed } + 1
        let column = bytes[lineStart..<offset].count { $0 & 0xC0 != 0x80 } + 1
        return Finding(line: line, column: column, message: message)
    }
}
