package import Domain

/// Makes a campaign's messages: templates are compiled and constant headers written once, the rest is done for each target.
///
/// What comes out is 7-bit, its lines end in CRLF and are at most 998 bytes long; whatever values hold, they add no header, end no
/// line of one, and cannot end the message. Belongs to one thread; its buffers are used again for each message.
package final class MessageComposer {
    /// Most bytes of a message, rendered as well as encoded: three times what relays and readers commonly cut off at.
    package static let messageBytesMax = 1_024 * 1_024
    /// Headers of a campaign's own; more than this is a mistake.
    package static let headersMax = 64

    private let fieldCount: Int
    private let identity: MessageIdentity
    private let variants: [PreparedVariant]
    private let headers: [PreparedHeader]
    private let dotStuffed: Bool
    /// From the first header to `To: `.
    private let prefix: [UInt8]
    /// Reply-To, or nothing.
    private let replyTo: [UInt8]
    private var date = MessageDate()
    private var message = MessageBytes(capacity: 8_192)
    private var rendered = MessageBytes(capacity: 4_096)
    private var canonical = MessageBytes(capacity: 1)

    /// Separates the parts of every message.
    ///
    /// `=_` occurs neither in quoted-printable nor in base64 (RFC 2045 section 6.7 note 5).
    static let boundary = "=_postrider-alternative"

    /// - Parameters:
    ///   - content: The campaign.
    ///   - dotStuffed: Whether a dot that begins a line is doubled, as SMTP wants it; `false` for a message that people look at.
    /// - Throws: ``InvalidContent`` with every problem of the templates, headers and addresses; `file` says which one it is, as in
    ///   `variant jobs, html`.
    package init(_ content: MessageContent, dotStuffed: Bool = true) throws(InvalidContent) {
        var preparation = MessagePreparation(fields: content.fields, partials: content.partials)
        let variants = content.variants.map { preparation.variant($0) }
        let headers = preparation.headers(content.headers)
        let replyTo = preparation.replyTo(content.replyTo)
        let prefix = preparation.prefix(from: content.from)
        let identity = preparation.identity(key: content.messageIDKey, domain: content.messageIDDomain)
        guard preparation.diagnostics.isEmpty, let identity else { throw InvalidContent(preparation.diagnostics) }
        self.fieldCount = content.fields.count
        self.identity = identity
        self.variants = variants
        self.headers = headers
        self.dotStuffed = dotStuffed
        self.prefix = prefix
        self.replyTo = replyTo
    }

    /// Appends one target's message to `out`, without the final dot.
    ///
    /// - Parameters:
    ///   - out: Gets the message behind what it holds.
    ///   - lane: With `position`, what the Message-ID is made of; it fits 32 bits.
    ///   - position: Of the target in its lane; it fits 32 bits.
    ///   - variant: Index into the campaign's variants.
    ///   - recipient: The bare address.
    ///   - row: The recipient's fields, in the campaign's order.
    ///   - date: For the `Date` header.
    /// - Throws: ``RenderError``; then `out` is as it was.
    package func compose(
        into out: inout [UInt8],
        lane: Int,
        position: Int,
        variant: Int,
        recipient: ArraySlice<UInt8>,
        row: FieldRow,
        date: Timestamp
    ) throws(RenderError) {
        try self.write(
            lane: lane,
            position: position,
            variant: variant,
            recipient: recipient,
            row: row,
            date: date
        )
        out.append(contentsOf: self.message.bytes)
    }

    /// Makes one target's message and shows it to `body`, for callers that copy it into a buffer of their own.
    ///
    /// Parameters are those of ``compose(into:lane:position:variant:recipient:row:date:)``; the bytes are valid only within `body`.
    package func withMessage<Result>(
        lane: Int,
        position: Int,
        variant: Int,
        recipient: ArraySlice<UInt8>,
        row: FieldRow,
        date: Timestamp,
        _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(RenderError) -> Result {
        try self.write(
            lane: lane,
            position: position,
            variant: variant,
            recipient: recipient,
            row: row,
            date: date
        )
        return body(UnsafeRawBufferPointer(self.message.bytes))
    }

    private func write(
        lane: Int,
        position: Int,
        variant index: Int,
        recipient: ArraySlice<UInt8>,
        row: FieldRow,
        date: Timestamp
    ) throws(RenderError) {
        guard self.variants.indices.contains(index) else { throw .unknownVariant(index) }
        guard let lane = UInt32(exactly: lane), let position = UInt32(exactly: position) else { throw .unusableTarget }
        guard HeaderMailbox.isUsable(recipient) else { throw .unusableRecipient }
        guard row.fits(self.fieldCount) else { throw .rowMismatch }
        let variant = self.variants[index]

        self.message.removeAll()
        self.message.append(self.prefix)
        self.message.append(recipient)
        self.message.append("\r\n")
        self.message.append(self.replyTo)
        try self.write(variant.subject, row)
        self.date.append(date, to: &self.message)
        self.message.append("Message-ID: ")
        self.identity.append(lane: lane, position: position, to: &self.message)
        self.message.append("\r\nMIME-Version: 1.0\r\n")
        for header in self.headers { try self.write(header, row) }
        try self.writeBody(variant, row)
        guard self.message.count <= Self.messageBytesMax else { throw .tooLarge }
    }

    private func write(_ header: PreparedHeader, _ row: FieldRow) throws(RenderError) {
        switch header {
        case .constant(let line):
            self.message.append(line)
        case .rendered(let name, let template):
            self.rendered.removeAll()
            try template.render(row, into: &self.rendered)
            self.message.append(name)
            self.message.appendHeaderValue(self.rendered.bytes, column: name.count)
        }
    }

    private func writeBody(_ variant: PreparedVariant, _ row: FieldRow) throws(RenderError) {
        switch (variant.text, variant.html) {
        case (let text?, let html?):
            self.message.append(Self.multipartHeader)
            self.message.append(Self.partSeparator)
            try self.writePart("Content-Type: text/plain; charset=utf-8\r\n", text, row)
            self.message.append(Self.nextPart)
            try self.writePart("Content-Type: text/html; charset=utf-8\r\n", html, row)
            self.message.append(Self.lastPart)
        case (let text?, nil):
            try self.writePart("Content-Type: text/plain; charset=utf-8\r\n", text, row)
            self.endLine()
        case (nil, let html?):
            try self.writePart("Content-Type: text/html; charset=utf-8\r\n", html, row)
            self.endLine()
        case (nil, nil):
            self.message.append("\r\n")
        }
    }

    private func writePart(_ type: StaticString, _ template: BoundTemplate, _ row: FieldRow) throws(RenderError) {
        self.rendered.removeAll()
        try template.render(row, into: &self.rendered)
        let transfer = MIMETransfer(for: self.rendered.bytes)
        self.message.append(type)
        self.message.append(transfer.header)
        self.message.append("\r\n")
        switch transfer {
        case .quotedPrintable:
            self.message.appendQuotedPrintable(self.rendered.bytes, dotStuffed: self.dotStuffed)
        case .base64:
            self.canonical.removeAll()
            self.canonical.appendWithCRLF(self.rendered.bytes)
            self.message.appendBase64Lines(self.canonical.bytes)
        }
    }

    /// The body's last line must end, too.
    private func endLine() {
        if self.message.last != .lineFeed { self.message.append("\r\n") }
    }

    private static let multipartHeader = Array(
        "Content-Type: multipart/alternative; boundary=\"\(MessageComposer.boundary)\"\r\n\r\n".utf8
    )
    private static let partSeparator = Array("--\(MessageComposer.boundary)\r\n".utf8)
    private static let nextPart = Array("\r\n--\(MessageComposer.boundary)\r\n".utf8)
    private static let lastPart = Array("\r\n--\(MessageComposer.boundary)--\r\n".utf8)
}

/// A header line that is the same for everybody, or its name and template.
enum PreparedHeader: Sendable {
    /// The whole line or lines.
    case constant([UInt8])
    /// `Name: ` and what makes the value.
    case rendered(name: [UInt8], BoundTemplate)
}

/// A variant's compiled templates; `nil` for a part that it does not have.
///
/// A class, so that taking one out of its array for each message counts one reference and not each of its parts.
final class PreparedVariant: Sendable {
    let subject: PreparedHeader
    let text: BoundTemplate?
    let html: BoundTemplate?

    init(subject: PreparedHeader, text: BoundTemplate?, html: BoundTemplate?) {
        self.subject = subject
        self.text = text
        self.html = html
    }
}
