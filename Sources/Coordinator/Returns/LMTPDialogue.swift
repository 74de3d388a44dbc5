import Bounces
import Domain

/// The server's side of LMTP (RFC 2033) for returned mail: bytes in, replies and mails out, no I/O.
///
///     greeted --LHLO--> ready --MAIL--> open --RCPT…--> open --DATA--> receiving --final dot--> waiting --answered--> ready
///
/// LMTP gives each recipient a reply of its own after the message, which is why it is spoken here: a forged address among others is
/// refused alone.
struct LMTPDialogue {
    /// What the shell has to do.
    enum Action: Equatable {
        case reply(String)
        /// Deliver, then call ``answered(_:)``; nothing is read meanwhile.
        case deliver(mail: [UInt8], recipients: [Recipient])
        case close
    }

    struct Recipient: Equatable {
        let address: String
        /// The message that it names.
        let target: TargetKey?
    }

    /// Longest command line, as for SMTP with extensions (RFC 5321 section 4.5.3.1.4).
    static let commandBytesMax = 2_048
    /// Largest mail taken; all but its beginning is read and forgotten.
    static let mailBytesMax = 10 * 1_024 * 1_024
    /// Recipients of one mail: a returned mail has one.
    static let recipientsMax = 100

    private enum State {
        case greeted
        case ready
        case open
        case receiving
        case waiting
    }

    private var state = State.greeted
    private var line: [UInt8] = []
    private var isOverlong = false
    private var recipients: [Recipient] = []
    private var mail: [UInt8] = []
    private var mailBytes = 0
    private var dots = DotScan()
    /// Judges a recipient as it comes.
    private let look: (String) -> ReturnAddressVerdict

    /// What a recipient is answered.
    enum ReturnAddressVerdict: Equatable {
        case take(TargetKey?)
        case refuse
    }

    private let mailBytesMax: Int

    init(mailBytesMax: Int = Self.mailBytesMax, look: @escaping (String) -> ReturnAddressVerdict) {
        self.mailBytesMax = mailBytesMax
        self.look = look
    }

    /// Whether bytes may be given to it now.
    var isWaiting: Bool { self.state == .waiting }

    /// Takes bytes off the front of `input`, until one action is due or none are left.
    mutating func next(_ input: inout ArraySlice<UInt8>) -> Action? {
        while self.state != .waiting, let byte = input.first {
            if self.state == .receiving {
                guard self.receive(&input) else { continue }
                return self.endMail()
            }
            _ = input.popFirst()
            guard byte == 0x0A else {
                if self.line.count < Self.commandBytesMax { self.line.append(byte) } else { self.isOverlong = true }
                continue
            }
            if self.line.last == 0x0D { self.line.removeLast() }
            let command = String(decoding: self.line, as: UTF8.self)
            let isOverlong = self.isOverlong
            self.line.removeAll(keepingCapacity: true)
            self.isOverlong = false
            return isOverlong ? .reply("500 5.5.2 This line is too long") : self.obey(command)
        }
        return nil
    }

    /// One reply for each recipient, in their order; then the next message may come.
    mutating func answered(_ replies: [String]) -> Action {
        self.reset()
        return .reply(replies.joined(separator: "\r\n"))
    }

    private mutating func obey(_ command: String) -> Action {
        let verb = command.prefix { $0 != " " }.uppercased()
        switch verb {
        case "LHLO":
            self.reset()
            return .reply(
                "250-returns\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE \(self.mailBytesMax)"
            )
        case "HELO", "EHLO": return .reply("500 5.5.1 This is LMTP: say LHLO")
        case "MAIL" where self.state == .ready:
            guard Self.path(in: command, after: "FROM:") != nil else { return .reply("501 5.5.4 MAIL FROM:<address>") }
            self.state = .open
            return .reply("250 2.1.0 Sender taken")
        case "RCPT" where self.state == .open: return .reply(self.addRecipient(command))
        case "DATA" where self.state == .open:
            guard !self.recipients.isEmpty else { return .reply("503 5.5.1 Nobody to deliver to") }
            self.state = .receiving
            self.dots = DotScan()
            return .reply("354 End with a dot on a line of its own")
        case "RSET":
            if self.state != .greeted { self.reset() }
            return .reply("250 2.0.0 Forgotten")
        case "NOOP": return .reply("250 2.0.0 Still here")
        case "VRFY": return .reply("252 2.5.0 Send something and see")
        case "QUIT": return .close
        case "MAIL", "RCPT", "DATA": return .reply("503 5.5.1 Not now")
        default: return .reply("500 5.5.1 This command is not known")
        }
    }

    private mutating func addRecipient(_ command: String) -> String {
        guard let address = Self.path(in: command, after: "TO:"), !address.isEmpty else {
            return "501 5.5.4 RCPT TO:<address>"
        }
        guard self.recipients.count < Self.recipientsMax else { return "452 4.5.3 Too many recipients" }
        guard case .take(let target) = self.look(address) else { return "550 5.1.1 No message has this return path" }
        self.recipients.append(Recipient(address: address, target: target))
        return "250 2.1.5 Recipient taken"
    }

    /// What stands in angle brackets after a word.
    private static func path(in command: String, after word: String) -> String? {
        let rest = command.drop { $0 != " " }.drop { $0 == " " }
        guard rest.prefix(word.count).uppercased() == word else { return nil }
        let path = rest.dropFirst(word.count).drop { $0 == " " }
        guard path.first == "<", let end = path.firstIndex(of: ">") else { return nil }
        return String(path[path.index(after: path.startIndex)..<end])
    }

    private mutating func reset() {
        self.state = .ready
        self.recipients = []
        self.mail = []
        self.mailBytes = 0
    }

    // MARK: The mail

    /// - Returns: Whether it has ended.
    private mutating func receive(_ input: inout ArraySlice<UInt8>) -> Bool {
        let room = ReturnedMail.bytesMax
        return self.dots.take(&input) { byte in
            self.mailBytes += 1
            if self.mail.count < room { self.mail.append(byte) }
        }
    }

    private mutating func endMail() -> Action {
        guard self.mailBytes <= self.mailBytesMax else {
            let replies = self.recipients.map { _ in "552 5.3.4 The mail is too large" }
            return self.answered(replies)
        }
        self.state = .waiting
        return .deliver(mail: self.mail, recipients: self.recipients)
    }
}

/// Finds the dot that ends a mail, and takes off the dots that were put before lines (RFC 5321 section 4.5.2).
///
/// Only CRLF ends a line here: a bare LF before a dot must not end a mail that another server took for longer.
struct DotScan {
    private enum State {
        case lineStart
        case line
        case carriageReturn
        case dot
        case dotCarriageReturn
    }

    private var state = State.lineStart

    /// - Returns: Whether the mail has ended; what follows it stays in `input`.
    mutating func take(_ input: inout ArraySlice<UInt8>, _ put: (UInt8) -> Void) -> Bool {
        while let byte = input.popFirst() {
            switch (self.state, byte) {
            case (.lineStart, 0x2E): self.state = .dot
            case (.dot, 0x0D): self.state = .dotCarriageReturn
            case (.dotCarriageReturn, 0x0A): return true
            case (.dotCarriageReturn, _):
                put(0x0D)
                put(byte)
                self.state = byte == 0x0D ? .carriageReturn : .line
            case (.carriageReturn, 0x0A):
                put(byte)
                self.state = .lineStart
            case (_, 0x0D):
                put(byte)
                self.state = .carriageReturn
            default:
                put(byte)
                self.state = .line
            }
        }
        return false
    }
}
