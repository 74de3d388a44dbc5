import Domain
import Engine
import Foundation
import Intake
import Mail
import Storage
import UserFiles
import Wire

/// A campaign file with everything compiled and checked: what granting needs at hand.
///
/// A class, so that one in use is passed on by counting one reference and not each of its parts.
final class CampaignPlan: Sendable {
    let file: UserFiles.CampaignFile
    let from: Mailbox
    let assignment: VariantAssignment
    /// Fields whose values go to the worker, in the order of the columns.
    let fields: [Field]
    /// Index into ``fields`` of what must not be empty, for each variant.
    let required: [[Int]]
    /// Text for an empty value, by index into ``fields``; `nil` where the rule says something else.
    let defaults: [String?]
    let grants: GrantQuery
    /// Values that are read after ``fields`` and say where a contact is; see ``LoopCore/place(of:_:)``.
    let placeColumns: Bool
    let audience: AudienceQuery
    /// The conditions of ``assignment``, parsed.
    let conditions: [Domain.Expression]
    /// The audience rule, parsed; `nil` when it is a list.
    let audienceExpression: Domain.Expression?
    /// The lists that it is for, also by way of expressions and segments.
    let lists: [String]
    let retries: RetryPolicy?
    /// The partials that its templates include, by name; in order.
    let partials: [(name: String, text: String)]
    /// The segments that its conditions name, also by way of others, with their conditions.
    let segments: [String: String]
    /// A template has a slot for the link to unsubscribe.
    let usesLink: Bool

    /// What keeps a contact from getting its messages, on its channel.
    var bar: ContactBars {
        switch self.file.channel {
        case .email: .email
        }
    }

    /// Reads a stored campaign again.
    ///
    /// - Parameters:
    ///   - record: The campaign.
    ///   - names: All there is to name, now. Segments are taken as they were when it was submitted, and `today` is the
    ///     day on which it started.
    ///   - caps: The configuration's, besides its own.
    /// - Throws: Everything that is wrong with it, by now: a field may be gone.
    convenience init(_ record: CampaignRecord, names: ExpressionNames, caps: [FrequencyCap] = []) throws(PlanProblems) {
        let files = try CampaignPlan.decode(files: record.files, of: record.file)
        var names = names
        names.segments = SubmittedSegments.read(from: files)
        if let start = record.startedAt { names.today = CalendarDay.of(start) }
        try self.init(
            source: record.content,
            fileName: record.file,
            files: SubmittedSegments.removed(from: files),
            id: record.id,
            names: names,
            caps: caps
        )
        guard self.file.name == record.name, self.file.channel.rawValue == record.channel else {
            throw PlanProblems(diagnostics: [
                Diagnostic(.error, "\(record.id.publicID) was changed in the database: its name or channel is another")
            ])
        }
    }

    init(
        source: String,
        fileName: String,
        files: [String: String],
        id: Campaign.ID,
        names: ExpressionNames,
        caps: [FrequencyCap] = []
    ) throws(PlanProblems) {
        let file = try CampaignPlan.file(source, fileName: fileName, files: files)
        var builder = CampaignPlanBuilder(file: file, names: names, caps: caps)
        let parts = try builder.build(id: id)
        self.file = file
        self.from = parts.from
        self.assignment = parts.assignment
        self.fields = parts.fields
        self.required = parts.required
        self.defaults = parts.defaults
        self.grants = parts.grants
        self.placeColumns = parts.placeColumns
        self.audience = parts.audience
        self.conditions = parts.conditions
        self.audienceExpression = parts.audienceExpression
        self.lists = if case .list(let name) = file.audience { [name] } else { parts.audienceExpression?.lists ?? [] }
        self.partials = parts.partials.compactMap { name in file.partials[name].map { (name, $0) } }
        self.segments = parts.segments
        self.usesLink = parts.usesLink
        self.retries = file.retries.map { RetryPolicy(delays: $0.delaysMilliseconds, jitter: $0.jitter) }
    }

    /// Reads a campaign file alone, whatever there is to name.
    static func file(
        _ source: String,
        fileName: String,
        files: [String: String]
    ) throws(PlanProblems) -> UserFiles.CampaignFile {
        do throws(FileProblems) {
            return try UserFiles.CampaignFile.parse(source, fileName: fileName, files: files)
        } catch {
            throw PlanProblems(diagnostics: error.diagnostics)
        }
    }

    /// The files that a campaign file names, as they are stored: what an approval is bound to, so always the same bytes.
    static func encode(files: [String: String]) throws(PlanProblems) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(files), as: UTF8.self)
        } catch {
            throw PlanProblems(diagnostics: [Diagnostic(.error, "the campaign's files cannot be stored: \(error)")])
        }
    }

    static func decode(files: String, of file: String) throws(PlanProblems) -> [String: String] {
        do {
            return try JSONDecoder().decode([String: String].self, from: Data(files.utf8))
        } catch {
            throw PlanProblems(diagnostics: [
                Diagnostic(.error, "the files that \(file) names cannot be read from the database: \(error)")
            ])
        }
    }

    /// The campaign's own headers, and those that let a mailbox provider unsubscribe its user with one click.
    private func headers(hasLinks: Bool) -> [(name: String, value: String)] {
        let own = self.file.headers.map { (name: $0.name, value: $0.value.text) }
        return hasLinks ? own.filter { !UnsubscribeLinks.writes(header: $0.name) } + UnsubscribeLinks.headers : own
    }

    /// What keeps the campaign from being sent with or without links to unsubscribe; `nil` when nothing does.
    func linkProblem(hasLinks: Bool) -> Diagnostic? {
        if self.usesLink, !hasLinks {
            return self.file.diagnostic(
                at: "variants",
                "{{\(UnsubscribeLinks.field.name)}} needs coordinator.public_url in the configuration"
            )
        }
        guard hasLinks, let own = self.file.headers.first(where: { UnsubscribeLinks.writes(header: $0.name) }) else {
            return nil
        }
        return self.file.diagnostic(
            at: "headers.\(own.name)",
            "is written by Postrider, since coordinator.public_url is configured; leave it out"
        )
    }

    /// What workers need to make the messages.
    ///
    /// - Parameters:
    ///   - id: The campaign.
    ///   - revision: Rises when its content is replaced.
    ///   - messageIDKey: For this campaign only.
    ///   - hasLinks: Whether each target comes with its link to unsubscribe.
    /// - Returns: Fields are those of ``fields``, and the link behind them.
    func content(of id: Campaign.ID, revision: Int, messageIDKey: [UInt8], hasLinks: Bool) -> WireContent {
        filled(WireContent()) { content in
            content.campaign = UInt64(id.rawValue)
            content.revision = UInt32(revision)
            content.name = self.file.name
            content.fromName = self.from.name
            content.fromAddress = self.from.address.text
            content.replyTo = self.file.replyTo ?? ""
            content.headers = self.headers(hasLinks: hasLinks).map { header in
                filled(WireHeader()) {
                    $0.name = header.name
                    $0.value = header.value
                }
            }
            content.variants = self.file.variants.map { variant in
                filled(WireVariant()) {
                    $0.name = variant.name
                    $0.subject = variant.subject.text
                    $0.text = variant.text?.text ?? ""
                    $0.html = variant.html?.text ?? ""
                }
            }
            content.partials = self.partials.map { partial in
                filled(WirePartial()) {
                    $0.name = partial.name
                    $0.text = partial.text
                }
            }
            content.fields = (self.fields + (hasLinks ? [UnsubscribeLinks.field] : [])).map { field in
                filled(WireFieldColumn()) {
                    $0.name = field.name
                    // What has no values yet may become true and false: a section must not take `false` for a text then.
                    $0.type = (field.isOpen ? .boolean : field.type).rawValue
                }
            }
            content.messageIDKey = Data(messageIDKey)
            content.messageIDDomain = self.from.address.domain
        }
    }
}

/// Everything that is wrong with a campaign.
struct PlanProblems: Error {
    let diagnostics: [Diagnostic]

    var text: String { self.diagnostics.map(\.description).joined(separator: "; ") }
}
