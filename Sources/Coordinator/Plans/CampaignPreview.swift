import Domain
import Engine
import Mail
import Signing
import Storage
import UserFiles

/// Makes the messages that single contacts would get.
struct CampaignPreview {
    private let plan: CampaignPlan
    private let composer: MessageComposer

    /// Whatever the key, no real message has the Message-ID of a preview.
    private static let messageIDKey = Array("preview".utf8)

    /// Stands where a message has its link to unsubscribe.
    private static let link = "https://unsubscribe.invalid/u/preview"

    /// What a test's subject begins with.
    private static let testMark = "[Test] "

    /// - Parameters:
    ///   - plan: The campaign.
    ///   - testKey: The messages are to be sent as tests: dot-stuffed, with a mark in the subject, and with a Message-ID that follows
    ///     from this key; random, and never used twice.
    /// - Throws: ``PlanProblems`` for content that no message can be made of.
    init(_ plan: CampaignPlan, testKey: [UInt8]? = nil) throws(PlanProblems) {
        self.plan = plan
        do throws(InvalidContent) {
            self.composer = try MessageComposer(Self.content(plan, testKey: testKey), dotStuffed: testKey != nil)
        } catch {
            throw PlanProblems(diagnostics: error.diagnostics)
        }
    }

    private static func content(_ plan: CampaignPlan, testKey: [UInt8]?) -> MessageContent {
        MessageContent(
            from: plan.from,
            replyTo: plan.file.replyTo ?? "",
            headers: plan.file.headers.map { .init(name: $0.name, value: $0.value.text) },
            variants: plan.file.variants.map {
                .init(
                    name: $0.name,
                    subject: (testKey != nil ? Self.testMark : "") + $0.subject.text,
                    text: $0.text?.text ?? "",
                    html: $0.html?.text ?? ""
                )
            },
            partials: Dictionary(plan.partials.map { ($0.name, $0.text) }) { first, _ in first },
            fields: plan.fields + [UnsubscribeLinks.field],
            messageIDKey: testKey ?? Self.messageIDKey,
            messageIDDomain: plan.from.address.domain
        )
    }

    /// What a contact would get, or why nothing.
    func message(for row: PreviewRow, at now: Timestamp) throws(PlanProblems) -> PreviewMessage {
        var answer = PreviewMessage(contact: row.contact.rawValue, address: row.address ?? "")
        let index = self.plan.assignment.variant(for: row.contact) { row.holds[$0] }
        answer.variant = index.map { self.plan.file.variants[$0].name }
        answer.excluded = self.exclusion(row, variant: index)
        guard let index, let address = row.address, answer.excluded != Reason.missingField.rawValue else {
            return answer
        }
        let fields = self.fields(of: row)
        do {
            answer.message = String(
                decoding: try self.compose(0, variant: index, fields, to: address, at: now),
                as: UTF8.self
            )
            let variant = self.plan.file.variants[index]
            answer.subject = try self.text(of: variant.subject.text, .none, fields)
            answer.text = try variant.text.map { try self.text(of: $0.text, .none, fields) }
            answer.html = try variant.html.map { try self.text(of: $0.text, .html, fields) }
        } catch let error as RenderError {
            answer.excluded = "\(Reason.render.rawValue): \(error.description)"
        } catch {
            throw PlanProblems(diagnostics: [Diagnostic(.error, "\(error)")])
        }
        return answer
    }

    /// The message that a contact would get, addressed to somebody else and signed.
    ///
    /// - Parameters:
    ///   - row: The contact.
    ///   - number: Another one for each test of this preview.
    ///   - way: Where it goes.
    ///   - now: Its date.
    /// - Returns: `nil` when the contact would get none.
    /// - Throws: ``PlanProblems`` when it cannot be signed.
    func test(
        for row: PreviewRow,
        number: Int,
        along way: TestDesk.Way,
        at now: Timestamp
    ) throws(PlanProblems) -> TestDelivery.Parcel? {
        guard let index = self.plan.assignment.variant(for: row.contact, holds: { row.holds[$0] }),
            self.exclusion(row, variant: index) != Reason.missingField.rawValue,
            let bytes = try? self.compose(number, variant: index, self.fields(of: row), to: way.recipient, at: now)
        else { return nil }
        var message: [UInt8] = []
        let keys = way.signing.keys(from: self.plan.from.address.domain) ?? []
        if !keys.isEmpty {
            let isSigned = bytes.withUnsafeBytes { bytes in
                MessageSigner(keys).sign(bytes, seconds: now.milliseconds / 1_000, into: &message)
            }
            guard isSigned else {
                throw PlanProblems(diagnostics: [Diagnostic(.error, "the message could not be signed")])
            }
        }
        return TestDelivery.Parcel(
            message: message + bytes,
            sender: self.plan.from.address.text,
            recipient: way.recipient
        )
    }

    private func fields(of row: PreviewRow) -> FieldRow {
        let values = zip(row.values, self.plan.defaults).map { value, standard in
            FieldColumn([value.isEmpty ? standard ?? "" : value])
        }
        // Whoever looks at a preview must not unsubscribe the contact.
        return FieldRow(columns: values + [FieldColumn([Self.link])], index: 0)
    }

    private func compose(
        _ number: Int,
        variant: Int,
        _ fields: FieldRow,
        to recipient: String,
        at now: Timestamp
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try self.composer.compose(
            into: &bytes,
            lane: 0,
            position: number,
            variant: variant,
            recipient: Array(recipient.utf8)[...],
            row: fields,
            date: now
        )
        return bytes
    }

    private func exclusion(_ row: PreviewRow, variant: Int?) -> String? {
        if row.address == nil { return Reason.noAddress.rawValue }
        if !row.isChosen { return "not in the audience" }
        if row.isSuppressed { return Reason.suppressed.rawValue }
        if row.lacksConsent { return Reason.noConsent.rawValue }
        guard let variant else { return Reason.noVariant.rawValue }
        let isMissing = self.plan.required[variant].contains { row.values[$0].isEmpty }
        return isMissing ? Reason.missingField.rawValue : nil
    }

    private func text(of text: String, _ escaping: Template.Escaping, _ row: FieldRow) throws -> String {
        let partials = Dictionary(self.plan.partials.map { ($0.name, $0.text) }) { first, _ in first }
        let template = try Template(text, escaping: escaping, partials: partials)
        return try BoundTemplate(template, fields: self.plan.fields + [UnsubscribeLinks.field]).text(row)
    }
}
