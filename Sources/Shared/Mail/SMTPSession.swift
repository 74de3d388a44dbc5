package import Domain

/// One SMTP connection's dialogue (RFC 5321) as a machine: bytes and events in, bytes and actions out; no I/O, no
/// clock.
///
///     greeting → hello → [startTLS → handshake → hello] → [authentication] → open → quitting → closed
///
/// While open, a message is an envelope (MAIL, RCPT, DATA), content (body and leave to end it) and the dot. With
/// PIPELINING (RFC 2920) the envelope is one write, and the next message's envelope goes right behind the dot.
/// Invariants:
/// 1. Each message given gets exactly one `resolve`.
/// 2. Leave for a message is asked only when every reply to what was sent before has been read, and the dot is sent
/// only with leave.
/// 3. Once the dot was sent, only a reply to it settles a message otherwise than `noReply`.
/// 4. Credentials and messages are not sent in the clear where the settings want encryption.
package struct SMTPSession: Sendable {
    /// Who we are and what we insist on.
    package struct Settings: Sendable {
        /// The name said in EHLO.
        package var hello: String
        package var tlsPolicy: TLSPolicy
        /// Empty when the relay wants no credentials.
        package var user: String
        package var password: String

        package init(hello: String, tlsPolicy: TLSPolicy, user: String = "", password: String = "") {
            self.hello = hello
            self.tlsPolicy = tlsPolicy
            self.user = user
            self.password = password
        }
    }

    /// What the session waits for; names the limit that holds.
    package enum Wait: Hashable, Sendable {
        case greeting
        case handshake
        case envelope
        case data
        case leave
        case message
        case quit
        /// Nothing: no message is under way, or the session is closed.
        case work
    }

    enum Phase: Hashable {
        case greeting
        case hello(extended: Bool)
        case startTLS
        case handshake
        case authentication(AuthenticationStep)
        case open
        case quitting
        case closed
    }

    /// A message under way.
    struct Transaction {
        enum Step {
            /// Some reply to MAIL, RCPT or DATA is awaited.
            case envelope
            /// The relay said 354; the dot was not sent.
            case content
            /// The dot was sent.
            case dot
        }

        let id: UInt64
        let sender: String
        let recipient: String
        let size: Int
        var step = Step.envelope
        /// Whether any reply to it was read.
        var isAnswered = false
        /// Whether it was refused, and so resolved, while replies to its envelope were still to come.
        var isResolved = false
        var isRecipientAccepted = false
    }

    let settings: Settings
    var phase = Phase.greeting
    var isEncrypted: Bool
    var isEncryptionRefused = false
    /// What the relay offers, as far as it said.
    package internal(set) var capabilities = SMTPCapabilities()
    var parser = SMTPReplyParser()
    /// The message whose replies come next.
    var first: Transaction?
    /// The message whose envelope was sent behind the first one's dot.
    var second: Transaction?
    var expected = SMTPExpectations()
    /// Whether the relay still holds an envelope that must be forgotten before the next one.
    var needsReset = false
    var isRetiring = false
    /// Bytes to write, in order with ``nextAction()``.
    package var output: [UInt8] = []
    var actions: [SMTPAction] = []
    private var actionsTaken = 0
    /// Messages that got a reply on this connection.
    package private(set) var answeredCount = 0
    /// Rises whenever the session begins to wait for something else: then the shell sets its timer anew.
    package private(set) var waitNumber = 0

    /// A connection that was just made; `isEncrypted` when it began with a TLS handshake (`smtps`).
    package init(_ settings: Settings, isEncrypted: Bool) {
        self.settings = settings
        self.isEncrypted = isEncrypted
    }

    /// The next thing to do, oldest first; `nil` when all is done.
    package mutating func nextAction() -> SMTPAction? {
        guard self.actionsTaken < self.actions.count else {
            self.actions.removeAll(keepingCapacity: true)
            self.actionsTaken = 0
            return nil
        }
        defer { self.actionsTaken += 1 }
        return self.actions[self.actionsTaken]
    }

    /// Whether ``nextAction()`` has something.
    package var hasActions: Bool { self.actionsTaken < self.actions.count }

    /// Whether a message may be given now: none is under way, or the only one's dot was sent and the relay takes
    /// pipelined commands.
    package var canBegin: Bool {
        guard self.phase == .open, !self.isRetiring, self.second == nil else { return false }
        guard let first = self.first else { return true }
        return first.step == .dot && self.capabilities.pipelining
    }

    /// Whether no message is under way on an open session: then either side may close.
    package var isIdle: Bool { self.phase == .open && self.first == nil }

    /// What the session waits for.
    package var wait: Wait {
        switch self.phase {
        case .greeting, .hello, .startTLS, .authentication: return .greeting
        case .handshake: return .handshake
        case .quitting: return .quit
        case .closed: return .work
        case .open: break
        }
        switch self.expected.first {
        case .mail, .recipient, .reset: return .envelope
        case .data: return .data
        case .message, .nothing: return .message
        case nil: return self.first == nil ? .work : .leave
        }
    }

    /// Whether a reply has begun and not ended.
    package var isInReply: Bool { self.parser.isInReply }

    // MARK: Events

    /// Bytes from the relay.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while self.phase != .closed, offset < bytes.count {
            // Whatever comes in the clear now was put there by somebody else, to be read as if it were encrypted.
            if self.phase == .handshake { return self.end("the relay sent bytes after its answer to STARTTLS") }
            switch self.parser.next(bytes, from: &offset) {
            case .incomplete: return
            case .broken(let problem): self.end("the relay sent \(problem.rawValue)")
            case .reply(let code):
                self.waitNumber &+= 1
                self.replied(code)
            }
        }
    }

    /// The TLS handshake began, and what is written from now on is encrypted.
    ///
    /// What was learned before it is void (RFC 3207 section 4.2).
    package mutating func encrypted() {
        guard self.phase == .handshake else { return }
        self.isEncrypted = true
        self.capabilities = SMTPCapabilities()
        self.sayHello(extended: true)
    }

    /// The shell's timer for ``wait`` ran out.
    package mutating func timedOut() {
        let awaited =
            switch self.wait {
            case .greeting: "its greeting or the answer to EHLO, STARTTLS or AUTH"
            case .handshake: "the TLS handshake"
            case .envelope: "the reply to MAIL or RCPT"
            case .data: "the reply to DATA"
            case .message: "the reply to the final dot"
            case .leave: "leave to send the final dot"
            case .quit, .work: "work"
            }
        if self.wait == .leave { return self.withdraw(problem: "timed out waiting for \(awaited)") }
        if self.wait == .quit || self.wait == .work { return self.end(nil) }
        self.end("the relay timed out: no end of \(awaited)")
    }

    /// The connection is gone.
    package mutating func lost(_ problem: String) {
        self.end(self.phase == .quitting || self.isIdle ? nil : problem)
    }

    /// Take no further message: say QUIT once none is under way.
    package mutating func retire() {
        self.isRetiring = true
        switch self.phase {
        case .open: if self.first == nil { self.quit() }
        case .quitting, .closed: break
        default: self.end(nil)
        }
    }

    /// End now: what was not given its final dot is withdrawn, what was is in doubt.
    package mutating func cut(_ problem: String) {
        if self.first?.step == .dot { self.end(problem) } else { self.withdraw(problem: nil) }
    }

    // MARK: Endings

    /// Closes after a failure (`problem`) or in peace (`nil`); what is under way is settled by how far it came.
    mutating func end(_ problem: String?) {
        guard self.phase != .closed else { return }
        let isOpening = self.phase != .open && self.phase != .quitting
        if let first = self.first, !first.isResolved {
            let problem = problem ?? "the connection was closed"
            switch first.step {
            case .dot: self.resolve(first.id, .noReply(problem: problem))
            // A relay closes idle connections as it likes: a message that met such a close was never begun.
            case .envelope where !first.isAnswered && self.answeredCount > 0: self.resolve(first.id, .notBegun)
            case .envelope, .content: self.resolve(first.id, .connectionLost(problem: problem))
            }
        }
        if isOpening, let problem { self.actions.append(.refused(problem: problem)) }
        self.close(problem)
    }

    /// Closes because the relay said 421 where `stage` was to be answered; `nil` when nothing was asked.
    mutating func endedByRelay(at stage: SMTPStage?) {
        let reply = self.parser.reply
        if let first = self.first, !first.isResolved {
            // After others it is about the connection, which served its turn; at the first message, about all of us.
            if let stage, first.isAnswered || self.answeredCount == 0 {
                self.answeredCount += 1
                self.resolve(first.id, .reply(reply, stage: stage))
            } else {
                self.resolve(first.id, .turnedAway(reply))
            }
        }
        self.close("the relay closed the connection: \(reply.line)")
    }

    /// Closes without the dot of the message under way, which counts as never begun.
    mutating func withdraw(problem: String?) {
        guard self.phase != .closed else { return }
        if let first = self.first, !first.isResolved { self.resolve(first.id, .notBegun) }
        self.close(problem)
    }

    private mutating func close(_ problem: String?) {
        // Its envelope was only sent ahead: nothing of it was answered.
        if let second = self.second { self.resolve(second.id, .notBegun) }
        self.first = nil
        self.second = nil
        self.phase = .closed
        self.waitNumber &+= 1
        self.actions.append(.close(problem: problem))
    }

    mutating func quit() {
        self.write("QUIT\r\n")
        self.phase = .quitting
        self.waitNumber &+= 1
    }

    mutating func resolve(_ id: UInt64, _ result: SMTPResult) { self.actions.append(.resolve(id, result)) }

    mutating func countAnswer() { self.answeredCount += 1 }

    mutating func waitAnew() { self.waitNumber &+= 1 }

    mutating func write(_ text: StaticString) {
        self.output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

extension RelayReply {
    /// Code, status and text as a relay writes them.
    package var line: String {
        [String(self.code), self.status, self.text].filter { !$0.isEmpty }.joined(separator: " ")
    }
}
