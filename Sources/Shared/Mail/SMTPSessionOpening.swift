extension SMTPSession {
    enum AuthenticationStep: Hashable {
        /// The last line was sent: 235 or a refusal comes.
        case verdict
        /// 334 comes, then the one long line of PLAIN.
        case plain
        /// 334 comes, then the name.
        case loginName
        /// 334 comes, then the password.
        case loginPassword
    }

    /// RFC 4954 section 4 lets an initial response make a command longer than this, but not every relay reads it.
    private static let commandBytesMax = 512

    mutating func replied(_ code: Int) {
        switch self.phase {
        case .open: self.repliedToMessage(code)
        case .greeting: code == 220 ? self.sayHello(extended: true) : self.refuse("greeted us with")
        case .hello(let extended): self.repliedToHello(code, extended: extended)
        case .startTLS: self.repliedToStartTLS(code)
        case .authentication(let step): self.repliedToAuthentication(code, at: step)
        case .quitting: self.end(nil)
        case .handshake, .closed: break
        }
    }

    /// Reports that the relay's last reply ends the opening, and closes.
    private mutating func refuse(_ verb: String) { self.end("the relay \(verb) \(self.parser.reply.line)") }

    mutating func sayHello(extended: Bool) {
        self.phase = .hello(extended: extended)
        extended ? self.write("EHLO ") : self.write("HELO ")
        self.output.append(contentsOf: self.settings.hello.utf8)
        self.write("\r\n")
        self.waitAnew()
    }

    private mutating func repliedToHello(_ code: Int, extended: Bool) {
        guard code == 250 else {
            // A relay from before 1995. Without extensions it has neither encryption nor credentials.
            if code >= 500, extended { return self.sayHello(extended: false) }
            return self.refuse("answered \(extended ? "EHLO" : "HELO") with")
        }
        if extended { self.capabilities = self.parser.capabilities }
        self.decideEncryption()
    }

    private mutating func decideEncryption() {
        guard !self.isEncrypted, self.settings.tlsPolicy != .off, !self.isEncryptionRefused else {
            return self.decideAuthentication()
        }
        guard self.capabilities.startTLS else {
            guard self.settings.tlsPolicy == .opportunistic else {
                return self.end("the relay offers no STARTTLS, and encryption is required")
            }
            return self.decideAuthentication()
        }
        self.phase = .startTLS
        self.write("STARTTLS\r\n")
        self.waitAnew()
    }

    private mutating func repliedToStartTLS(_ code: Int) {
        guard code == 220 else {
            guard self.settings.tlsPolicy == .opportunistic else { return self.refuse("refused STARTTLS with") }
            self.isEncryptionRefused = true
            return self.decideEncryption()
        }
        self.phase = .handshake
        self.waitAnew()
        self.actions.append(.startTLS)
    }

    private mutating func decideAuthentication() {
        guard !self.settings.user.isEmpty else { return self.becomeReady() }
        guard self.isEncrypted else {
            return self.end("credentials are configured, and they are never sent without encryption")
        }
        if self.capabilities.authPlain {
            let response = Base64.text([0] + self.settings.user.utf8 + [0] + self.settings.password.utf8)
            self.write("AUTH PLAIN")
            if response.count + 13 <= Self.commandBytesMax {
                self.output.append(32)
                self.output.append(contentsOf: response)
                self.phase = .authentication(.verdict)
            } else {
                self.phase = .authentication(.plain)
            }
        } else if self.capabilities.authLogin {
            self.write("AUTH LOGIN")
            self.phase = .authentication(.loginName)
        } else {
            return self.end("the relay offers neither AUTH PLAIN nor AUTH LOGIN, and credentials are configured")
        }
        self.write("\r\n")
        self.waitAnew()
    }

    private mutating func repliedToAuthentication(_ code: Int, at step: AuthenticationStep) {
        if step == .verdict {
            return code == 235 ? self.becomeReady() : self.refuse("refused our credentials with")
        }
        guard code == 334 else { return self.refuse("answered AUTH with") }
        let user = Array(self.settings.user.utf8)
        let password = Array(self.settings.password.utf8)
        switch step {
        case .plain: self.output.append(contentsOf: Base64.text([0] + user + [0] + password))
        case .loginName: self.output.append(contentsOf: Base64.text(user))
        case .loginPassword, .verdict: self.output.append(contentsOf: Base64.text(password))
        }
        self.write("\r\n")
        self.phase = .authentication(step == .loginName ? .loginPassword : .verdict)
        self.waitAnew()
    }

    private mutating func becomeReady() {
        self.phase = .open
        self.actions.append(.ready)
        if self.isRetiring { self.quit() }
    }
}

/// RFC 4648 section 4, for credentials only: no line breaks, padded.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
            for place in 0..<4 {
                result.append(place <= group.count ? self.alphabet[value >> (18 - 6 * place) & 63] : 61)
            }
        }
        return result
    }
}
