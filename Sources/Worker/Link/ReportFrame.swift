import Domain
import Engine
import Wire

/// Facts as the columns of a `Report`.
enum ReportFrame {
    static func wire(_ report: ReportBook.Report) -> WireReport {
        var parts: [Epoch: Part] = [:]
        for fact in report.facts { parts[fact.epoch, default: Part(epoch: fact.epoch)].append(fact) }
        let leases = parts.keys.sorted().compactMap { parts[$0]?.wire }
        var message = WireReport()
        message.number = report.number
        message.leases = leases
        return message
    }

    /// One lease's facts; texts that occur more than once are there once.
    private struct Part {
        var wire = WireLeaseReport()
        private var reasonIndexes: [Reason?: UInt32] = [:]
        private var replyIndexes: [RelayReply?: UInt32] = [:]

        init(epoch: Epoch) { self.wire.epoch = epoch.rawValue }

        mutating func append(_ fact: TargetFact) {
            self.wire.position.append(fact.position)
            self.wire.outcome.append(WireOutcomeCode(rawValue: Int(fact.fate.rawValue)) ?? .outcomeUnspecified)
            self.wire.reason.append(self.reasonIndex(fact.reason))
            self.wire.reply.append(self.replyIndex(fact.reply))
            self.wire.at.append(UInt64(max(0, fact.at.milliseconds)))
            self.wire.retryAfter.append(fact.retryAfterSeconds)
        }

        private mutating func reasonIndex(_ reason: Reason?) -> UInt32 {
            if let known = self.reasonIndexes[reason] { return known }
            let index = UInt32(self.wire.reasons.count)
            self.wire.reasons.append(reason?.rawValue ?? "")
            self.reasonIndexes[reason] = index
            return index
        }

        private mutating func replyIndex(_ reply: RelayReply?) -> UInt32 {
            if let known = self.replyIndexes[reply] { return known }
            let index = UInt32(self.wire.replies.count)
            var message = WireReply()
            message.code = UInt32(clamping: reply?.code ?? 0)
            message.status = reply?.status ?? ""
            message.text = reply?.text ?? ""
            self.wire.replies.append(message)
            self.replyIndexes[reply] = index
            return index
        }
    }
}
