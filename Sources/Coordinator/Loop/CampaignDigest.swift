import Crypto
import Domain
import Storage
import UserFiles

/// What an approval is bound to.
enum CampaignDigest {
    /// Whether a stored campaign is what its digest was made of.
    static func isWhole(_ record: CampaignRecord) -> Bool {
        self.of(content: record.content, files: record.files, relay: record.relay) == record.digest
    }

    /// - Throws: ``PlanProblems`` for a campaign that was changed in the database.
    static func check(_ record: CampaignRecord) throws(PlanProblems) {
        guard self.isWhole(record), record.approvedDigest == nil || record.approvedDigest == record.digest else {
            throw PlanProblems(diagnostics: [
                Diagnostic(.error, "\(record.id.publicID) was changed in the database since it was approved")
            ])
        }
    }

    /// SHA-256 over the campaign file (which holds audience rule, limits and variants), the files it names, and the relay, each
    /// preceded by its length; as hex.
    static func of(content: String, files: String, relay: String) -> String {
        var hash = SHA256()
        for part in [content, files, relay] {
            let bytes = Array(part.utf8)
            hash.update(data: Array("\(bytes.count):".utf8))
            hash.update(data: bytes)
        }
        return hash.finalize().hexadecimal
    }
}
