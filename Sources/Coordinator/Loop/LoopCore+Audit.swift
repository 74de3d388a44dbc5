import Domain
import Logging
import Storage
import Telemetry

/// Who did what.
extension LoopCore {
    /// Notes an act in the audit, in the transaction of the turn that does it.
    ///
    /// - Parameters:
    ///   - act: As in `approve`.
    ///   - subject: What it was done to, as in `c7`; of an address in it only a keyed hash is kept.
    ///   - who: The token's name.
    ///   - digest: Of the content the act was about, as hex; empty where there is none.
    /// - Throws: What the database says.
    func audit(_ act: String, on subject: String, by who: String, digest: String = "") throws(StoreError) {
        self.mayHaveAudited = true
        try AuditStore(self.connection).append(
            AuditEntry(
                at: self.wall,
                who: who,
                act: act,
                subject: self.options.addressKey.nameless(subject),
                digest: digest,
                origin: self.origin
            )
        )
    }

    func audit(_ act: String, _ record: CampaignRecord, by who: String) throws(StoreError) {
        try self.audit(act, on: record.id.publicID, by: who, digest: record.digest)
    }

    /// Says in the log how far the audit came: rows that are cut off its end, or computed anew, do not fit that any more.
    func logAudit() throws(StoreError) {
        guard self.mayHaveAudited else { return }
        self.mayHaveAudited = false
        guard let head = try AuditStore(self.connection).head(), head != self.loggedAudit else { return }
        self.loggedAudit = head
        self.log(
            LoopNote(
                .info,
                .audit,
                "The audit has \(head.row) rows",
                [(.row, .number(head.row)), (.hash, .string(head.hash.hexadecimal))]
            )
        )
    }
}
