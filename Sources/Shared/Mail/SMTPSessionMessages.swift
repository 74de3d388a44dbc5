import Domain

extension SMTPSession {
    /// Gives the session a message.
    ///
    /// - Precondition: ``canBegin``.
    /// - Parameters:
    ///   - id: Names the message in actions.
    ///   - sender: Envelope sender without brackets.
    ///   - recipient: Envelope recipient without brackets.
    ///   - size: Bytes of the body.
    package mutating func begin(id: UInt64, sender: String, recipient: String, size: Int) {
        precondition(self.canBegin, "a message was given to a session that cannot take one")
        if let (refusal, stage) = self.envelopeProblem(sender: sender, recipient: recipient) {
            return self.resolve(id, .reply(refusal, stage: stage))
        }
        let transaction = Transaction(id: id, sender: sender, recipient: recipient, size: size)
        if self.first == nil {
            self.first = transaction
            self.waitAnew()
        } else {
            self.second = transaction
        }
        if self.needsReset {
            self.needsReset = false
            self.write("RSET\r\n")
            self.expected.append(.reset)
            guard self.capabilities.pipelining else { return }
        }
        self.sendMail(transaction)
        if self.capabilities.pipelining {
            self.sendRecipient(transaction)
            self.sendData()
        }
    }

    /// The answer to ``SMTPAction/askLeave(_:)``; one that comes after the message was settled is ignored.
    package mutating func leave(_ id: UInt64, granted: Bool) {
        guard self.phase == .open, let first = self.first, first.id == id, first.step == .content else { return }
        guard granted else { return self.withdraw(problem: nil) }
        self.write(".\r\n")
        self.expected.append(.message)
        self.first?.step = .dot
        self.waitAnew()
    }

    // MARK: Replies

    mutating func repliedToMessage(_ code: Int) {
        guard let expected = self.expected.popFirst() else { return self.repliedUnasked(code) }
        guard code != 421 else { return self.endedByRelay(at: Self.stage(of: expected)) }
        // Between 200 and 599, and only DATA is answered by 3xx: the parser and this line leave no other class.
        let isAccepted = expected == .data ? code / 100 == 3 : code / 100 == 2
        guard isAccepted || code >= 400 else {
            return self.end("the relay's replies are out of step: \(self.parser.reply.line)")
        }
        switch expected {
        case .reset: self.repliedToReset(isAccepted)
        case .mail: self.repliedToMail(isAccepted)
        case .recipient: self.repliedToRecipient(isAccepted)
        case .data: self.repliedToData(isAccepted)
        case .nothing: self.finish()
        case .message:
            if let first = self.first {
                self.countAnswer()
                self.resolve(first.id, .reply(self.parser.reply, stage: .message))
            }
            self.finish()
        }
    }

    private static func stage(of expected: SMTPExpectations.Reply) -> SMTPStage? {
        switch expected {
        case .mail: .sender
        case .recipient: .recipient
        case .data: .data
        case .message: .message
        case .reset, .nothing: nil
        }
    }

    private mutating func repliedUnasked(_ code: Int) {
        if code == 421 { return self.endedByRelay(at: nil) }
        self.end("the relay sent a reply that nothing asked for: \(self.parser.reply.line)")
    }

    private mutating func repliedToReset(_ isAccepted: Bool) {
        guard isAccepted else { return self.end("the relay refused RSET with \(self.parser.reply.line)") }
        if !self.capabilities.pipelining, let first = self.first { self.sendMail(first) }
    }

    private mutating func repliedToMail(_ isAccepted: Bool) {
        self.first?.isAnswered = true
        if !isAccepted { self.refuseMessage(at: .sender) }
        guard !self.capabilities.pipelining, let first = self.first else { return }
        isAccepted ? self.sendRecipient(first) : self.finish()
    }

    private mutating func repliedToRecipient(_ isAccepted: Bool) {
        if isAccepted { self.first?.isRecipientAccepted = true } else { self.refuseMessage(at: .recipient) }
        guard !self.capabilities.pipelining else { return }
        if isAccepted { return self.sendData() }
        self.needsReset = true
        self.finish()
    }

    private mutating func repliedToData(_ isAccepted: Bool) {
        guard let first = self.first else { return }
        guard isAccepted else {
            // After a refused sender or recipient this is the 503 or 554 that says so once more.
            self.refuseMessage(at: .data)
            self.needsReset = true
            return self.finish()
        }
        guard first.isResolved else {
            self.first?.step = .content
            self.actions.append(.sendBody(first.id))
            self.actions.append(.askLeave(first.id))
            return
        }
        // RFC 2920 section 3.1: a server may say 354 although it took no recipient. Had it taken one, the dot would
        // send it an empty message.
        guard !first.isRecipientAccepted else {
            return self.end("the relay refused the sender, took the recipient and wants the message")
        }
        self.write(".\r\n")
        self.expected.append(.nothing)
    }

    private mutating func refuseMessage(at stage: SMTPStage) {
        guard let first = self.first, !first.isResolved else { return }
        self.countAnswer()
        self.first?.isResolved = true
        self.resolve(first.id, .reply(self.parser.reply, stage: stage))
    }

    private mutating func finish() {
        self.first = self.second
        self.second = nil
        if self.first == nil, self.isRetiring { self.quit() }
    }

    // MARK: Commands

    private mutating func sendMail(_ transaction: Transaction) {
        self.write("MAIL FROM:<")
        self.output.append(contentsOf: transaction.sender.utf8)
        self.write(">")
        if self.capabilities.size {
            self.write(" SIZE=")
            self.output.append(contentsOf: String(transaction.size).utf8)
        }
        if !Self.isASCII(transaction.sender) || !Self.isASCII(transaction.recipient) { self.write(" SMTPUTF8") }
        self.write("\r\n")
        self.expected.append(.mail)
    }

    private mutating func sendRecipient(_ transaction: Transaction) {
        self.write("RCPT TO:<")
        self.output.append(contentsOf: transaction.recipient.utf8)
        self.write(">\r\n")
        self.expected.append(.recipient)
    }

    private mutating func sendData() {
        self.write("DATA\r\n")
        self.expected.append(.data)
    }

    // MARK: Envelope

    private static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 128 } }

    /// What this side refuses by itself, as the reply that a relay would give.
    private func envelopeProblem(sender: String, recipient: String) -> (RelayReply, SMTPStage)? {
        for (address, stage, status) in [(sender, SMTPStage.sender, "5.1.7"), (recipient, .recipient, "5.1.3")] {
            guard Self.isMailbox(address, mayBeEmpty: stage == .sender) else {
                return (
                    RelayReply(code: 553, status: status, text: "not sent: not an address that SMTP can carry"), stage
                )
            }
            guard self.capabilities.smtpUTF8 || Self.isASCII(address) else {
                let text = "not sent: the address is not ASCII, and the relay does not offer SMTPUTF8"
                return (RelayReply(code: 553, status: "5.6.7", text: text), stage)
            }
        }
        return nil
    }

    /// Keeps the limits of RFC 5321 section 4.5.3.1 and lets nothing pass that could end the command or the path.
    private static func isMailbox(_ address: String, mayBeEmpty: Bool) -> Bool {
        let bytes = address.utf8
        guard !bytes.isEmpty else { return mayBeEmpty }
        guard bytes.count <= 254, let at = bytes.lastIndex(of: 64) else { return false }
        guard at != bytes.startIndex, bytes.index(after: at) != bytes.endIndex else { return false }
        guard bytes.distance(from: bytes.startIndex, to: at) <= 64 else { return false }
        return bytes.allSatisfy { $0 > 32 && $0 != 127 && $0 != 60 && $0 != 62 }
    }
}
