import Mail
import Testing

@Suite("The opening of a session")
struct OpeningTests {
    private static let tls = SMTPSession.Settings(hello: "me.example", tlsPolicy: .required)
    private static let login = SMTPSession.Settings(
        hello: "me.example",
        tlsPolicy: .required,
        user: "user",
        password: "secret"
    )

    @Test("plaintext: greeting, EHLO, ready")
    func plain() {
        var dialogue = Dialogue()
        #expect(dialogue.takeSent().isEmpty)
        dialogue.relay("220-wait\r\n220 go\r\n")
        #expect(dialogue.takeSent() == "EHLO me.example\r\n")
        #expect(!dialogue.session.canBegin)
        dialogue.relay("250-relay\r\n250 PIPELINING\r\n")
        #expect(dialogue.isReady && dialogue.session.canBegin && dialogue.session.isIdle)
        #expect(dialogue.takeSent().isEmpty)
    }

    @Test("a relay without EHLO is spoken to without extensions")
    func helo() {
        var dialogue = Dialogue()
        dialogue.relay("220 old\r\n")
        dialogue.relay("502 what\r\n")
        #expect(dialogue.takeSent() == "EHLO me.example\r\nHELO me.example\r\n")
        dialogue.relay("250 old PIPELINING\r\n")
        #expect(dialogue.isReady && !dialogue.session.capabilities.pipelining)
    }

    @Test("STARTTLS: capabilities from before the handshake are forgotten")
    func startTLS() {
        var dialogue = Dialogue(Self.tls)
        dialogue.relay("220 go\r\n")
        dialogue.relay("250-relay\r\n250-PIPELINING\r\n250 STARTTLS\r\n")
        #expect(dialogue.takeSent() == "EHLO me.example\r\nSTARTTLS\r\n")
        dialogue.relay("220 ready\r\n")
        #expect(dialogue.takeSent() == "[TLS]")
        dialogue.tell { $0.encrypted() }
        #expect(dialogue.takeSent() == "EHLO me.example\r\n")
        #expect(!dialogue.session.capabilities.pipelining)
        dialogue.relay("250 relay\r\n")
        #expect(dialogue.isReady)
    }

    @Test(
        "bytes behind the answer to STARTTLS end the session",
        arguments: ["250 injected\r\n", "2", "\r\n", "\u{16}\u{3}"]
    )
    func injection(extra: String) {
        for isSplit in [false, true] {
            var dialogue = Dialogue(Self.login)
            dialogue.relay("220 go\r\n")
            dialogue.relay("250-relay\r\n250 STARTTLS\r\n")
            _ = dialogue.takeSent()
            if isSplit {
                dialogue.relay("220 ready\r\n")
                dialogue.relay(extra)
            } else {
                dialogue.relay("220 ready\r\n" + extra)
            }
            #expect(dialogue.isClosed && dialogue.refusals == ["the relay sent bytes after its answer to STARTTLS"])
            #expect(!dialogue.takeSent().contains("AUTH"))
        }
    }

    @Test("AUTH PLAIN and LOGIN over TLS", arguments: ["PLAIN LOGIN", "LOGIN PLAIN", "LOGIN", "CRAM-MD5 LOGIN"])
    func authentication(offer: String) {
        var dialogue = Dialogue(Self.login, isEncrypted: true)
        dialogue.relay("220 go\r\n")
        dialogue.relay("250-relay\r\n250 AUTH \(offer)\r\n")
        if offer.contains("PLAIN") {
            #expect(dialogue.takeSent() == "EHLO me.example\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\n")
        } else {
            #expect(dialogue.takeSent() == "EHLO me.example\r\nAUTH LOGIN\r\n")
            dialogue.relay("334 VXNlcm5hbWU6\r\n")
            #expect(dialogue.takeSent() == "dXNlcg==\r\n")
            dialogue.relay("334 UGFzc3dvcmQ6\r\n")
            #expect(dialogue.takeSent() == "c2VjcmV0\r\n")
        }
        #expect(!dialogue.isReady)
        dialogue.relay("235 2.7.0 Ok\r\n")
        #expect(dialogue.isReady)
    }

    @Test("credentials too long for a command wait for the relay's prompt")
    func longCredentials() {
        let settings = SMTPSession.Settings(
            hello: "me",
            tlsPolicy: .required,
            user: "user",
            password: String(repeating: "p", count: 600)
        )
        var dialogue = Dialogue(settings, isEncrypted: true)
        dialogue.relay("220 go\r\n")
        dialogue.relay("250-relay\r\n250 AUTH PLAIN\r\n")
        #expect(dialogue.takeSent() == "EHLO me\r\nAUTH PLAIN\r\n")
        dialogue.relay("334 \r\n")
        #expect(dialogue.takeSent().utf8.count == 4 * ((606 + 2) / 3) + 2)
        dialogue.relay("235 ok\r\n")
        #expect(dialogue.isReady)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        var policy = TLSPolicy.off
        var user = ""
        var isEncrypted = false
        /// What the relay says, one after the other; `TLS` is the handshake.
        let script: [String]
        let problem: String
        var testDescription: String { self.name }
    }

    static let refusals: [Refusal] = [
        Refusal(name: "554 greeting", script: ["554 no service"], problem: "greeted us with 554 no service"),
        Refusal(name: "421 greeting", script: ["421 4.3.2 busy"], problem: "greeted us with 421 4.3.2 busy"),
        Refusal(name: "garbage", script: ["SSH-2.0-OpenSSH"], problem: "no SMTP reply"),
        Refusal(name: "EHLO 421", script: ["220 x", "421 bye"], problem: "answered EHLO with 421 bye"),
        Refusal(name: "HELO 550", script: ["220 x", "550 no", "550 no"], problem: "answered HELO with 550 no"),
        Refusal(name: "no STARTTLS", policy: .required, script: ["220 x", "250 x"], problem: "offers no STARTTLS"),
        Refusal(
            name: "HELO only, TLS required",
            policy: .required,
            script: ["220 x", "502 x", "250 x"],
            problem: "offers no STARTTLS"
        ),
        Refusal(
            name: "STARTTLS refused",
            policy: .required,
            script: ["220 x", "250-x\r\n250 STARTTLS", "454 no TLS"],
            problem: "refused STARTTLS with 454 no TLS"
        ),
        Refusal(
            name: "off with credentials",
            user: "u",
            script: ["220 x", "250-x\r\n250 AUTH PLAIN"],
            problem: "never sent without encryption"
        ),
        Refusal(
            name: "opportunistic with credentials, not offered",
            policy: .opportunistic,
            user: "u",
            script: ["220 x", "250-x\r\n250 AUTH PLAIN"],
            problem: "never sent without encryption"
        ),
        Refusal(
            name: "opportunistic with credentials, refused",
            policy: .opportunistic,
            user: "u",
            script: ["220 x", "250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN", "454 no"],
            problem: "never sent without encryption"
        ),
        Refusal(
            name: "no mechanism",
            policy: .required,
            user: "u",
            isEncrypted: true,
            script: ["220 x", "250-x\r\n250 AUTH GSSAPI"],
            problem: "neither AUTH PLAIN nor AUTH LOGIN"
        ),
        Refusal(
            name: "AUTH only before TLS",
            policy: .required,
            user: "u",
            script: ["220 x", "250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN", "220 go", "TLS", "250 x"],
            problem: "neither AUTH PLAIN nor AUTH LOGIN"
        ),
        Refusal(
            name: "wrong password",
            policy: .required,
            user: "u",
            isEncrypted: true,
            script: ["220 x", "250-x\r\n250 AUTH PLAIN", "535 5.7.8 bad"],
            problem: "refused our credentials with 535 5.7.8 bad"
        ),
        Refusal(
            name: "LOGIN refused",
            policy: .required,
            user: "u",
            isEncrypted: true,
            script: ["220 x", "250-x\r\n250 AUTH LOGIN", "504 no"],
            problem: "answered AUTH with 504 no"
        ),
    ]

    @Test("what makes a relay unusable is said once, and nothing secret is sent", arguments: refusals)
    func refused(row: Refusal) {
        let settings = SMTPSession.Settings(hello: "me", tlsPolicy: row.policy, user: row.user, password: "secret")
        var dialogue = Dialogue(settings, isEncrypted: row.isEncrypted)
        for line in row.script {
            if line == "TLS" { dialogue.tell { $0.encrypted() } } else { dialogue.relay(line + "\r\n") }
        }
        #expect(dialogue.isClosed && !dialogue.isReady && !dialogue.session.canBegin)
        #expect(dialogue.refusals.count == 1 && dialogue.refusals[0].contains(row.problem), "\(dialogue.refusals)")
        if !row.isEncrypted { #expect(!dialogue.takeSent().contains("AUTH")) }
        dialogue.tell { $0.lost("later") }
        dialogue.relay("250 later\r\n")
        #expect(dialogue.refusals.count == 1)
    }

    @Test("a connection that ends in the opening is the relay's fault", arguments: 0...3)
    func lost(replies: Int) {
        for isTimeout in [false, true] {
            var dialogue = Dialogue(Self.login)
            for line in ["220 x", "250-x\r\n250 STARTTLS", "220 go"].prefix(replies) { dialogue.relay(line + "\r\n") }
            dialogue.tell { isTimeout ? $0.timedOut() : $0.lost("gone") }
            #expect(dialogue.isClosed && dialogue.refusals.count == 1)
        }
    }

    @Test("opportunistic encryption goes on without it when there is nothing to protect")
    func opportunistic() {
        for isOffered in [false, true] {
            var dialogue = Dialogue(.init(hello: "me", tlsPolicy: .opportunistic))
            dialogue.relay("220 x\r\n")
            dialogue.relay(isOffered ? "250-x\r\n250 STARTTLS\r\n" : "250 x\r\n")
            if isOffered { dialogue.relay("454 no\r\n") }
            #expect(dialogue.isReady)
        }
    }
}
