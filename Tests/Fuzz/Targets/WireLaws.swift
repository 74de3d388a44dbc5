import Domain
import Wire

/// Laws of frames in both directions, and of the columns of grants and reports.
///
/// The bytes are a frame; the first byte, which is the version in a frame, may be anything.
enum WireLaws {
    static func check(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        try Self.checkWorker(bytes)
        try Self.checkCoordinator(bytes)
    }

    private static func checkWorker(_ bytes: [UInt8]) throws {
        guard let framed = try? WorkerMessage.decode(bytes) else { return }
        let header = framed.header
        try law(header.type == framed.message.type, "a frame holds what its header names")
        let frame = try framed.message.frame(session: header.session, sequence: header.sequence)
        try law(try WorkerMessage.decode(frame) == framed, "a frame reads as it was written")
        guard case .report(let report) = framed.message else { return }
        for lease in report.leases {
            guard let received = try? ReceivedLeaseReport(lease) else { continue }
            try Self.check(received)
        }
    }

    private static func check(_ report: ReceivedLeaseReport) throws {
        let count = report.positions.count
        try law((1...ReceivedGrant.countMax).contains(count), "a report is of 1 to 256 targets")
        try law(Set(report.positions).count == count, "no target is reported twice")
        let lengths = [
            report.outcomes.count, report.reasons.count, report.replyIndexes.count, report.times.count,
            report.retryAfterSeconds.count,
        ]
        try law(lengths.allSatisfy { $0 == count }, "columns are of one length: \(lengths)")
        try law(report.replyIndexes.allSatisfy { $0 < report.replies.count }, "every reply is there")
        for reply in report.replies {
            try law(reply.text.utf8.count <= RelayReply.textBytesMax, "a reply's text is cut")
            try law(reply.status.utf8.count <= 16 && (0...999).contains(reply.code), "so are status and code")
        }
        for time in report.times { try law(!time.rfc3339.isEmpty, "every time can be written") }
    }

    private static func checkCoordinator(_ bytes: [UInt8]) throws {
        guard let framed = try? CoordinatorMessage.decode(bytes) else { return }
        let header = framed.header
        try law(header.type == framed.message.type, "a frame holds what its header names")
        let frame = try framed.message.frame(session: header.session, sequence: header.sequence)
        try law(try CoordinatorMessage.decode(frame) == framed, "a frame reads as it was written")
        guard case .grant(let message) = framed.message, let grant = try? ReceivedGrant(message) else { return }
        try law((1...ReceivedGrant.countMax).contains(grant.count), "a grant is of 1 to 256 targets")
        try law(Set(grant.positions).count == grant.count, "no target is granted twice")
        try law(grant.contacts.count == grant.count && grant.variants.count == grant.count, "columns are of one length")
        for column in [grant.addresses] + grant.fields {
            try law(column.count == grant.count, "so are columns of texts")
            let joined = (0..<column.count).flatMap { column[$0] }
            try law(joined == column.bytes, "a column is its values, one behind the other")
        }
        try law((0..<grant.count).allSatisfy { !grant.addresses[$0].isEmpty }, "every target has an address")
        if (try? grant.check(variants: 2, fields: grant.fields.count)) != nil {
            try law(grant.variants.allSatisfy { $0 < 2 }, "every variant is there")
        }
    }
}
