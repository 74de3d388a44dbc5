/// One piece of a template: text between tags, or a tag.
struct TemplateToken {
    enum Kind {
        /// Bytes that are printed as they stand.
        case text
        case variable(escaped: Bool)
        case section
        case inverted
        case end
        case partial
    }

    let kind: Kind
    /// The text, or the name in the tag, as a range of the template's bytes.
    let content: Range<Int>
    /// Of a partial that stands alone on its line: the blanks before it.
    var indentation: Range<Int> = 0..<0
    /// Where the tag begins.
    var place = TemplatePlace()
}

/// A place in a template: both numbers are 1-based, columns count characters (Unicode scalars).
struct TemplatePlace: Hashable, Sendable {
    var line = 1
    var column = 1
}

/// What the scanner found wrong, and where.
struct TemplateFault: Error {
    let place: TemplatePlace
    let message: String
    /// Whether what follows can still be read.
    let isFatal: Bool
}

/// Cuts a template into ``TemplateToken``s.
///
/// Follows the Mustache specification: a section, inverted section, end, comment, partial or set-delimiter tag that stands alone
/// on its line takes the whole line with it, blanks and line end included. Set-delimiter tags and comments are dealt with here.
struct TemplateScanner {
    private let text: [UInt8]
    private var opener = Array("{{".utf8)
    private var closer = Array("}}".utf8)
    /// Start of what has not been given out yet.
    private var position = 0
    /// A tag whose preceding text was given out first.
    private var pending: TemplateToken?
    private var cursor = PlaceCursor()

    /// Bounds a delimiter; nobody needs more than three or four characters.
    private static let delimiterBytesMax = 16

    init(_ text: [UInt8]) { self.text = text }

    /// The next piece.
    ///
    /// - Returns: `nil` at the end.
    /// - Throws: ``TemplateFault``; unless it is fatal, the next call goes on behind the faulty tag.
    mutating func next() throws(TemplateFault) -> TemplateToken? {
        if let token = self.pending {
            self.pending = nil
            return token
        }
        while self.position < self.text.count {
            let start = self.position
            guard let open = self.find(self.opener, from: start) else {
                self.position = self.text.count
                return TemplateToken(kind: .text, content: start..<self.text.count)
            }
            let place = self.cursor.advance(to: open, in: self.text)
            var tag = try self.readTag(at: open, place: place)
            let blanks = tag.mayStandAlone ? self.lineTaken(from: open, to: self.position) : nil
            if let blanks {
                self.position = blanks.next
                if case .partial? = tag.token?.kind { tag.token?.indentation = blanks.start..<open }
            }
            let textEnd = max(start, blanks?.start ?? open)
            if start < textEnd {
                self.pending = tag.token
                return TemplateToken(kind: .text, content: start..<textEnd)
            }
            if let token = tag.token { return token }
        }
        return nil
    }

    private struct Tag {
        /// `nil` for comments and set-delimiter tags.
        var token: TemplateToken?
        let mayStandAlone: Bool
    }

    /// Reads the tag that opens at `open` and leaves ``position`` behind it.
    private mutating func readTag(at open: Int, place: TemplatePlace) throws(TemplateFault) -> Tag {
        var start = open + self.opener.count
        while start < self.text.count, self.text[start].isBlankOrLineEnd { start += 1 }
        let sigil = start < self.text.count ? self.text[start] : 0
        switch sigil {
        case UInt8(ascii: "="):
            try self.readDelimiters(from: start + 1, place: place)
            return Tag(token: nil, mayStandAlone: true)
        case UInt8(ascii: "!"):
            _ = try self.content(from: start + 1, until: self.closer, place: place)
            return Tag(token: nil, mayStandAlone: true)
        case UInt8(ascii: "{"):
            let closer = [UInt8(ascii: "}")] + self.closer
            let name = try self.name(from: start + 1, until: closer, place: place)
            return Tag(token: .init(kind: .variable(escaped: false), content: name, place: place), mayStandAlone: false)
        default:
            let kind = Self.kinds[sigil]
            let name = try self.name(from: kind == nil ? start : start + 1, until: self.closer, place: place)
            let token = TemplateToken(kind: kind ?? .variable(escaped: true), content: name, place: place)
            if case .variable = token.kind { return Tag(token: token, mayStandAlone: false) }
            return Tag(token: token, mayStandAlone: true)
        }
    }

    private static let kinds: [UInt8: TemplateToken.Kind] = [
        UInt8(ascii: "#"): .section, UInt8(ascii: "^"): .inverted, UInt8(ascii: "/"): .end, UInt8(ascii: ">"): .partial,
        UInt8(ascii: "&"): .variable(escaped: false),
    ]

    /// The bytes up to `closer`, without blanks at both ends; leaves ``position`` behind the closer.
    private mutating func content(
        from start: Int,
        until closer: [UInt8],
        place: TemplatePlace
    ) throws(TemplateFault) -> Range<Int> {
        guard let end = self.find(closer, from: start) else {
            let missing = String(decoding: closer, as: UTF8.self)
            throw TemplateFault(
                place: place,
                message: "this tag is never closed: no '\(missing)' follows",
                isFatal: true
            )
        }
        self.position = end + closer.count
        var range = start..<end
        while let first = range.first, self.text[first].isBlankOrLineEnd { range.removeFirst() }
        while let last = range.last, self.text[last].isBlankOrLineEnd { range.removeLast() }
        return range
    }

    private mutating func name(
        from start: Int,
        until closer: [UInt8],
        place: TemplatePlace
    ) throws(TemplateFault) -> Range<Int> {
        let name = try self.content(from: start, until: closer, place: place)
        if name.isEmpty {
            throw TemplateFault(place: place, message: "this tag has no name", isFatal: false)
        }
        if self.text[name].contains(where: \.isBlankOrLineEnd) {
            // Most often a forgotten closer: the tag then runs on into the next one.
            let excerpt = String(decoding: self.text[name].prefix(40), as: UTF8.self)
            let shown = excerpt.prefix { $0 != "\n" && $0 != "\r\n" && $0 != "\r" }
            throw TemplateFault(
                place: place,
                message: "a name must not contain blanks or line ends: '\(shown)'; is the tag closed?",
                isFatal: false
            )
        }
        return name
    }

    private mutating func readDelimiters(from start: Int, place: TemplatePlace) throws(TemplateFault) {
        let content = try self.content(from: start, until: [UInt8(ascii: "=")] + self.closer, place: place)
        let parts = self.text[content].split(whereSeparator: \.isBlankOrLineEnd)
        let allowed = parts.allSatisfy { $0.count <= Self.delimiterBytesMax && !$0.contains(UInt8(ascii: "=")) }
        guard parts.count == 2, allowed else {
            throw TemplateFault(
                place: place,
                message: "a set-delimiter tag needs two delimiters without blanks or '=', as in {{=<% %>=}}",
                isFatal: true
            )
        }
        self.opener = Array(parts[0])
        self.closer = Array(parts[1])
    }

    /// Whether the tag at `open ..< close` has its line (or lines) for itself.
    ///
    /// - Returns: Where the line starts and where the next one does, or `nil` when something else stands on it.
    private func lineTaken(from open: Int, to close: Int) -> (start: Int, next: Int)? {
        var start = open
        while start > 0, self.text[start - 1].isBlank { start -= 1 }
        guard start == 0 || self.text[start - 1] == .lineFeed else { return nil }
        var next = close
        while next < self.text.count, self.text[next].isBlank { next += 1 }
        if next == self.text.count { return (start, next) }
        if self.text[next] == .lineFeed { return (start, next + 1) }
        let isCRLF =
            self.text[next] == .carriageReturn && next + 1 < self.text.count && self.text[next + 1] == .lineFeed
        return isCRLF ? (start, next + 2) : nil
    }

    private func find(_ wanted: [UInt8], from start: Int) -> Int? {
        let last = self.text.count - wanted.count
        guard start <= last else { return nil }
        return (start...last).first { position in
            self.text[position] == wanted[0] && self.text[position..<position + wanted.count].elementsEqual(wanted)
        }
    }
}

/// Counts lines and columns on the way to ever later offsets, so that a template is counted through once.
private struct PlaceCursor {
    private var offset = 0
    private var place = TemplatePlace()

    mutating func advance(to target: Int, in text: [UInt8]) -> TemplatePlace {
        for position in self.offset..<max(self.offset, target) {
            if text[position] == .lineFeed {
                self.place = TemplatePlace(line: self.place.line + 1, column: 1)
            } else if text[position] & 0xC0 != 0x80 {
                self.place.column += 1
            }
        }
        self.offset = max(self.offset, target)
        return self.place
    }
}
