import Domain
import Storage

/// Who did what.
extension Reads {
    /// Rows of the audit, page by page in their order.
    ///
    /// - Parameter row: Rows above it.
    /// - Returns: Pages that are read when they are asked for.
    func audit(above row: Int64) -> Pages<AuditRow> {
        let readers = self.readers
        return Pages(from: row) { row in
            let last = row
            let entries = try await readers.read { connection throws(StoreError) in
                try AuditStore(connection).entries(above: last, count: AuditCheck.rowsPerStep)
            }
            guard let end = entries.last else { return nil }
            row = end.head.row
            return entries.map { head, entry in
                AuditRow(
                    row: head.row,
                    at: entry.at,
                    who: entry.who,
                    act: entry.act,
                    subject: entry.subject,
                    digest: entry.digest,
                    origin: entry.origin,
                    hash: head.hash.hexadecimal
                )
            }
        }
    }

    /// Goes through the whole audit.
    func verifyAudit() async throws -> AuditVerification {
        var check = AuditCheck()
        do {
            try await self.run(&check) { check, connection throws(StoreError) in try check.step(on: connection) }
        } catch StoreError.corrupt(let text) {
            let finding = AuditVerification.Finding(
                row: check.head.row + 1,
                text: "the database cannot be read here: \(text)"
            )
            return AuditVerification(check, finding)
        }
        return AuditVerification(check, check.finding.map { .init(row: $0.row, text: $0.text) })
    }
}

extension AuditVerification {
    fileprivate init(_ check: AuditCheck, _ finding: Finding?) {
        self.init(
            intact: finding == nil,
            rows: check.head.row,
            hash: check.head.hash.hexadecimal,
            finding: finding
        )
    }
}
