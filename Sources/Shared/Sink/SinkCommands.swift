import NIOCore

extension SinkConnection {

    /// - Returns: Whether there is no complete command.
    func readCommand(_ context: ChannelHandlerContext) -> Bool {
        let view = self.input.readableBytesView
        guard let end = view.firstIndex(of: 10) else {
            guard view.count > Self.commandBytesMax else { return true }
            self.output.writeStaticString("500 5.5.6 Line too long\r\n")
            self.close(context)
            return true
        }
        let length = end - view.startIndex + 1
        guard let line = self.input.readBytes(length: length) else { return true }
        guard length <= Self.commandBytesMax else {
            self.output.writeStaticString("500 5.5.6 Line too long\r\n")
            return false
        }
        guard length >= 2, line[length - 2] == 13 else {
            self.output.writeStaticString("500 5.5.2 Lines end with CR LF\r\n")
            return false
        }
        self.obey(line[..<(length - 2)], context)
        return false
    }

    private func obey(_ line: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
        var verb: UInt32 = 0
        for byte in line.prefix(4) { verb = verb << 8 | UInt32(byte & 0xDF) }
        guard line.count == 4 || (line.count > 4 && (line[4] == 32 || line[4] == 58)) else {
            return self.unknown()
        }
        switch verb {
        case 0x4548_4C4F: self.hello(extended: true)  // EHLO
        case 0x4845_4C4F: self.hello(extended: false)  // HELO
        case 0x4D41_494C: self.mail(line)  // MAIL
        case 0x5243_5054: self.recipient(line, context)  // RCPT
        case 0x4441_5441: self.data(context)  // DATA
        case 0x5253_4554:  // RSET
            self.forget()
            self.output.writeStaticString("250 2.0.0 Ok\r\n")
        case 0x4E4F_4F50: self.output.writeStaticString("250 2.0.0 Ok\r\n")  // NOOP
        case 0x5652_4659: self.output.writeStaticString("252 2.1.5 Send mail and see\r\n")  // VRFY
        case 0x5155_4954:  // QUIT
            self.output.writeStaticString("221 2.0.0 Bye\r\n")
            self.close(context)
        default: self.unknown()
        }
    }

    private func unknown() { self.output.writeStaticString("500 5.5.2 Command not recognised\r\n") }

    private func forget() {
        self.sender = nil
        self.recipients.removeAll(keepingCapacity: true)
    }

    private func hello(extended: Bool) {
        self.forget()
        self.greeted = true
        guard extended else {
            _ = self.output.writeStaticString("250 sink.example\r\n")
            return
        }
        self.output.writeStaticString("250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 52428800\r\n")
        self.output.writeStaticString("250 ENHANCEDSTATUSCODES\r\n")
    }

    private func mail(_ line: ArraySlice<UInt8>) {
        guard self.greeted else {
            _ = self.output.writeStaticString("503 5.5.1 Say EHLO first\r\n")
            return
        }
        guard self.sender == nil else {
            _ = self.output.writeStaticString("503 5.5.1 Nested MAIL\r\n")
            return
        }
        guard let path = SinkPath(line, after: "MAIL FROM:") else {
            _ = self.output.writeStaticString("501 5.5.4 Syntax: MAIL FROM:<address>\r\n")
            return
        }
        guard path.sizeParameter <= Self.messageBytesMax else {
            _ = self.output.writeStaticString("552 5.3.4 Message too large\r\n")
            return
        }
        self.sender = path.address
        self.output.writeStaticString("250 2.1.0 Ok\r\n")
    }

    private func recipient(_ line: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
        guard let sender = self.sender else {
            _ = self.output.writeStaticString("503 5.5.1 Say MAIL first\r\n")
            return
        }
        guard let path = SinkPath(line, after: "RCPT TO:"), path.address.contains(64) else {
            _ = self.output.writeStaticString("501 5.1.3 Syntax: RCPT TO:<local@domain>\r\n")
            return
        }
        guard self.recipients.count < Self.recipientsMax else {
            _ = self.output.writeStaticString("452 4.5.3 Too many recipients\r\n")
            return
        }
        let lowered = path.address.map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 }
        let hash = SinkHash.of(lowered)
        let verdict = self.desk.verdict(for: lowered, hash: hash)
        let recipient = SinkRecipient(address: path.address, hash: hash, verdict: verdict)
        self.after(verdict.slowMilliseconds[.recipient], context) {
            guard verdict.stage == .recipient else {
                self.recipients.append(recipient)
                self.output.writeStaticString("250 2.1.5 Ok\r\n")
                return
            }
            self.desk.settled(recipient, from: sender, size: 0, reply: verdict.reply ?? [], messageID: [])
            self.answer(verdict.reply, context)
        }
    }

    private func data(_ context: ChannelHandlerContext) {
        guard let sender = self.sender else {
            _ = self.output.writeStaticString("503 5.5.1 Say MAIL first\r\n")
            return
        }
        guard !self.recipients.isEmpty else {
            _ = self.output.writeStaticString("554 5.5.1 No valid recipients\r\n")
            return
        }
        self.after(self.slow(.data), context) {
            if let verdict = self.recipients.first(where: { $0.verdict.stage == .data })?.verdict {
                for recipient in self.recipients {
                    self.desk.settled(recipient, from: sender, size: 0, reply: verdict.reply ?? [], messageID: [])
                }
                self.forget()
                return self.answer(verdict.reply, context)
            }
            self.scanner = SinkScanner(
                wantsMessageID: self.desk.log != nil,
                keepsContent: self.desk.keepFolder != nil,
                contentMax: Self.messageBytesMax
            )
            self.output.writeStaticString("354 End with CR LF . CR LF\r\n")
        }
    }

    // MARK: Message

    /// - Returns: Whether the message goes on.
    func readMessage(_ context: ChannelHandlerContext) -> Bool {
        let isEnded = self.input.readWithUnsafeReadableBytes { bytes in
            var offset = 0
            let isEnded = self.scanner?.consume(bytes, from: &offset) ?? true
            return (offset, isEnded)
        }
        guard isEnded, let scanner = self.scanner else { return !isEnded }
        self.scanner = nil
        self.after(self.slow(.message), context) { self.finish(scanner, context) }
        return false
    }

    private func finish(_ scanner: SinkScanner, _ context: ChannelHandlerContext) {
        let reply = self.verdict(on: scanner)
        for recipient in self.recipients {
            self.desk.settled(
                recipient,
                from: self.sender ?? [],
                size: scanner.size,
                reply: reply ?? [],
                messageID: scanner.messageID
            )
        }
        self.forget()
        self.answer(reply, context)
    }

    /// The reply to the final dot; `nil` drops the connection.
    private func verdict(on scanner: SinkScanner) -> [UInt8]? {
        if scanner.hasBareLineEnd { return Array("550 5.6.0 Bare CR or LF in the message".utf8) }
        if scanner.size > Self.messageBytesMax { return Array("552 5.3.4 Message too large".utf8) }
        if let verdict = self.recipients.first(where: { $0.verdict.stage == .message })?.verdict {
            return verdict.reply
        }
        let number = self.desk.nextMessage()
        if self.desk.keepFolder != nil { self.desk.keep(scanner.content, number: number) }
        var reply = Array("250 2.0.0 Ok: queued as ".utf8)
        reply.append(contentsOf: String(number).utf8)
        return reply
    }
}
