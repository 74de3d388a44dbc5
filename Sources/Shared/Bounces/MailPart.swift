/// A part of a mail that has no parts itself: its type and its decoded lines.
struct MailPart {
    /// Lower case, as in `text/plain`.
    let type: String
    let lines: [Substring]
}

/// Takes a mail apart (RFC 2046), as far as its limits allow and its author kept the rules.
struct MailParts {
    /// Nesting that is followed; deeper parts are skipped.
    static let depthMax = 8
    /// Parts that are read; more are skipped.
    static let partsMax = 64

    private(set) var leaves: [MailPart] = []

    init(header: HeaderBlock, body: ArraySlice<Substring>) { self.read(header, body, depth: 0) }

    private mutating func read(_ header: HeaderBlock, _ body: ArraySlice<Substring>, depth: Int) {
        guard self.leaves.count < Self.partsMax else { return }
        let content = header["content-type"]
        let type = content.prefix { $0 != ";" }.trimmed.lowercased()
        if type.hasPrefix("multipart/"), let boundary = HeaderBlock.parameter("boundary", of: content),
            !boundary.isEmpty, body.contains(where: { $0.hasPrefix("--\(boundary)") })
        {
            guard depth < Self.depthMax else { return }
            self.split(body, at: "--\(boundary)", depth: depth)
            return
        }
        let decoded = TransferText.decoded(body, header["content-transfer-encoding"])
        let isMarkup = type == "text/html"
        self.leaves.append(
            MailPart(
                // A multipart that has no parts is read as what it looks like: text.
                type: type.isEmpty || type.hasPrefix("multipart/") ? "text/plain" : type,
                lines: isMarkup ? MarkupText.lines(decoded) : decoded
            )
        )
    }

    private mutating func split(_ body: ArraySlice<Substring>, at mark: String, depth: Int) {
        var start = body.startIndex
        var isFirst = true
        for index in body.indices {
            let line = body[index]
            guard line.hasPrefix(mark) else { continue }
            let rest = line.dropFirst(mark.count)
            guard rest.isBlank || (rest.hasPrefix("--") && rest.dropFirst(2).isBlank) else { continue }
            self.add(body[start..<index], isPreamble: isFirst, depth: depth)
            isFirst = false
            start = index + 1
        }
        self.add(body[start...], isPreamble: isFirst, depth: depth)
    }

    private mutating func add(_ lines: ArraySlice<Substring>, isPreamble: Bool, depth: Int) {
        guard !lines.allSatisfy(\.isBlank) else { return }
        guard !isPreamble else { return self.leaves.append(MailPart(type: "text/plain", lines: Array(lines))) }
        var header = HeaderBlock()
        guard let first = lines.first, !first.isBlank, HeaderBlock.field(first) != nil else {
            // A part without a header is plain text (RFC 2046, section 5.1).
            return self.read(header, lines, depth: depth + 1)
        }
        let body = header.read(lines)
        self.read(header, body, depth: depth + 1)
    }
}
