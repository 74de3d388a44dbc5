package import Domain

/// What a worker says of one target.
package enum ReportedOutcome: Hashable, Sendable {
    case settled(Outcome)
    /// Not begun, no attempt used.
    case returned
}

/// One lease's part of a report, with columns that fit together.
package struct ReceivedLeaseReport: Hashable, Sendable {
    package let epoch: Epoch
    /// 1 to ``ReceivedGrant/countMax``, no two alike; the other columns are in this order.
    package let positions: [UInt32]
    package let outcomes: [ReportedOutcome]
    /// `nil` where the outcome needs none.
    package let reasons: [Reason?]
    /// Indexes into ``replies``.
    package let replyIndexes: [UInt32]
    /// What relays answered; texts are cut to ``RelayReply/textBytesMax``.
    package let replies: [RelayReply]
    /// When it became known, by the worker's wall clock.
    package let times: [Timestamp]
    /// Seconds the relay named for a deferral; 0 for none.
    package let retryAfterSeconds: [UInt32]

    /// Checks one lease's part as it came.
    ///
    /// - Parameter report: Anything may be in it.
    /// - Throws: ``ColumnError`` for the first thing that is wrong; then nothing of the report is believed.
    package init(_ report: WireLeaseReport) throws(ColumnError) {
        let count = report.position.count
        guard (1...ReceivedGrant.countMax).contains(count) else {
            throw ColumnError("position", "\(count) targets; 1 to \(ReceivedGrant.countMax) are allowed")
        }
        guard Set(report.position).count == count else { throw ColumnError("position", "a target is there twice") }
        let lengths = [
            ("outcome", report.outcome.count), ("reason", report.reason.count), ("reply", report.reply.count),
            ("at", report.at.count), ("retry_after", report.retryAfter.count),
        ]
        for (name, length) in lengths where length != count {
            throw ColumnError(name, "\(length) values for \(count) targets")
        }
        guard report.reasons.count <= count, report.replies.count <= count else {
            throw ColumnError("replies", "more reasons or replies than targets")
        }
        self.epoch = Epoch(report.epoch)
        self.positions = report.position
        self.outcomes = try Self.outcomes(report.outcome)
        self.reasons = try Self.reasons(report)
        self.replies = try Self.replies(report)
        self.replyIndexes = report.reply
        self.times = try Self.times(report.at)
        self.retryAfterSeconds = report.retryAfter
    }

    private static func outcomes(_ codes: [WireOutcomeCode]) throws(ColumnError) -> [ReportedOutcome] {
        var outcomes: [ReportedOutcome] = []
        outcomes.reserveCapacity(codes.count)
        for code in codes {
            switch code {
            case .accepted: outcomes.append(.settled(.accepted))
            case .deferred: outcomes.append(.settled(.deferred))
            case .bounced: outcomes.append(.settled(.bounced))
            case .inDoubt: outcomes.append(.settled(.inDoubt))
            case .failed: outcomes.append(.settled(.failed))
            case .returned: outcomes.append(.returned)
            case .outcomeUnspecified, .UNRECOGNIZED:
                throw ColumnError("outcome", "\(code.rawValue) is no outcome that a worker may report")
            }
        }
        return outcomes
    }

    private static func reasons(_ report: WireLeaseReport) throws(ColumnError) -> [Reason?] {
        var known: [Reason?] = []
        for word in report.reasons {
            let reason = Reason(rawValue: word)
            guard reason != nil || word.isEmpty else {
                throw ColumnError("reasons", "\"\(word.prefix(40))\" is no reason")
            }
            known.append(reason)
        }
        var reasons: [Reason?] = []
        reasons.reserveCapacity(report.reason.count)
        for index in report.reason {
            guard index < known.count else { throw ColumnError("reason", "index \(index) of \(known.count)") }
            reasons.append(known[Int(index)])
        }
        return reasons
    }

    private static func replies(_ report: WireLeaseReport) throws(ColumnError) -> [RelayReply] {
        for index in report.reply where index >= report.replies.count {
            throw ColumnError("reply", "index \(index) of \(report.replies.count)")
        }
        return report.replies.map { reply in
            RelayReply(
                code: min(Int(reply.code), 999),
                status: Self.cut(reply.status, 16),
                text: Self.cut(reply.text, RelayReply.textBytesMax)
            )
        }
    }

    private static func times(_ milliseconds: [UInt64]) throws(ColumnError) -> [Timestamp] {
        var times: [Timestamp] = []
        times.reserveCapacity(milliseconds.count)
        for value in milliseconds {
            // The year 9999, after which RFC 3339 has no way to write a date.
            guard value <= 253_402_300_799_999 else { throw ColumnError("at", "\(value) ms is after the year 9999") }
            times.append(Timestamp(milliseconds: Int64(value)))
        }
        return times
    }

    /// The text's beginning, whole characters, at most `bytesMax` bytes.
    private static func cut(_ text: String, _ bytesMax: Int) -> String {
        guard text.utf8.count > bytesMax else { return text }
        var end = text.startIndex
        var count = 0
        for index in text.indices {
            count += text[index].utf8.count
            if count > bytesMax { break }
            end = text.index(after: index)
        }
        return String(text[..<end])
    }
}
