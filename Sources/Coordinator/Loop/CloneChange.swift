import Domain
import Storage
import UserFiles

/// What a clone has otherwise than its campaign.
struct CloneChange: Hashable, Sendable {
    /// Only for people of the campaign who got nothing of it.
    var isForUnsent = false
    /// The whole budget, in messages; `nil` for the campaign's own.
    var messagesMax: Int?

    /// Writes it into the campaign file, so that whoever approves it sees it, and the approval covers it.
    func apply(to record: inout CampaignRecord) throws(PlanProblems) {
        guard self.isForUnsent || self.messagesMax != nil else { return }
        do throws(FileProblems) {
            let audience = self.isForUnsent ? try Self.unsent(of: record) : nil
            record.content = try UserFiles.CampaignFile.rewritten(
                record.content,
                file: record.file,
                audience: audience,
                messagesMax: self.messagesMax
            )
        } catch {
            throw PlanProblems(diagnostics: error.diagnostics)
        }
        record.digest = CampaignDigest.of(content: record.content, files: record.files, relay: record.relay)
        record.approvedDigest = nil
    }

    /// The campaign's own rule, since who is no longer in it, or left its list, must not be written to; and who got nothing.
    private static func unsent(of record: CampaignRecord) throws(FileProblems) -> String {
        let files: [String: String]
        do throws(PlanProblems) {
            files = SubmittedSegments.removed(from: try CampaignPlan.decode(files: record.files, of: record.file))
        } catch {
            throw FileProblems(error.diagnostics)
        }
        let file = try UserFiles.CampaignFile.parse(record.content, fileName: record.file, files: files)
        let left = "unsent('\(record.id.publicID)')"
        switch file.audience {
        case .list(let name): return "list(\(Self.quoted(name))) and \(left)"
        case .segment(let name): return "segment(\(Self.quoted(name))) and \(left)"
        case .expression(let text):
            return text.allSatisfy(\.isWhitespace) ? left : "(\(text)) and \(left)"
        }
    }

    private static func quoted(_ name: String) -> String { "'\(name.replacing("'", with: "''"))'" }
}
