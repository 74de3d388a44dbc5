import Domain
import Mail

/// Laws of the parser of SMTP replies.
enum ReplyLaws {
    /// All that a relay's bytes come to.
    fileprivate struct Reading: Equatable {
        var replies: [RelayReply] = []
        var capabilities: [SMTPCapabilities] = []
        var problem: SMTPReplyParser.Problem?
    }

    static func check(_ bytes: [UInt8]) throws {
        let whole = try Self.read([bytes[...]])
        let pieces = try Self.read(Pieces.of(bytes))
        try law(whole == pieces, "replies are read the same however they come:\n\(whole)\n\(pieces)")
        for reply in whole.replies {
            try law((200...599).contains(reply.code), "a code is one: \(reply.code)")
            try law(reply.text.utf8.count <= RelayReply.textBytesMax, "a text is bounded")
            let isSafe = (reply.text + reply.status).unicodeScalars.allSatisfy {
                $0.value >= 32 && !(127...159).contains($0.value)
            }
            try law(isSafe, "a text can be shown on a terminal: \(reply)")
            let classes = reply.status.split(separator: ".", omittingEmptySubsequences: false)
            try law(reply.status.isEmpty || classes.count == 3, "a status has three numbers: \(reply.status)")
            for stage in SMTPStage.allCases { try Self.checkClass(reply, stage) }
        }
    }

    private static func checkClass(_ reply: RelayReply, _ stage: SMTPStage) throws {
        let verdict = ReplyClassifier.classify(reply, at: stage)
        try law(verdict.outcome != .inDoubt, "an answer leaves no doubt")
        try law(
            (verdict.outcome == .accepted) == (stage == .message && reply.code < 300),
            "only 2xx to the dot is accepted"
        )
        try law((verdict.reason == nil) == (verdict.outcome == .accepted), "everything else has a reason")
        let pause = verdict.retryAfterSeconds ?? 1
        try law((1...ReplyClassifier.retryAfterSecondsMax).contains(pause), "a pause is bounded: \(pause)")
    }

    private static func read(_ pieces: [ArraySlice<UInt8>]) throws -> Reading {
        var parser = SMTPReplyParser()
        var reading = Reading()
        for piece in pieces where reading.problem == nil {
            try piece.withUnsafeBytes { bytes in
                var offset = 0
                while offset < bytes.count, reading.problem == nil {
                    let before = offset
                    switch parser.next(bytes, from: &offset) {
                    case .incomplete: try law(offset == bytes.count, "an incomplete reply took everything")
                    case .reply(let code):
                        try law(offset > before, "a reply takes bytes")
                        try law(parser.reply.code == code, "a reply has the code that was told")
                        reading.replies.append(parser.reply)
                        reading.capabilities.append(parser.capabilities)
                    case .broken(let problem): reading.problem = problem
                    }
                }
            }
        }
        return reading
    }
}
