import Domain
import Mail

/// Laws of a whole SMTP dialogue with a relay that says anything at any time.
///
/// The first byte chooses the settings. After it, bytes from 0x80 are things that happen on our side, in the order of ``Event``;
/// all others come from the relay.
enum SessionLaws {
    private enum Event: UInt8 {
        case begin = 0x80
        case grantLeave
        case denyLeave
        case encrypted
        case timedOut
        case lost
        case cut
        case retire
    }

    /// The shell around a session: what was written, what was decided.
    fileprivate struct Shell: Equatable {
        var written: [UInt8] = []
        var results: [UInt64: [SMTPResult]] = [:]
        var given: UInt64 = 0
        var waiting: [UInt64] = []
        /// Messages whose dot was allowed.
        var granted: Set<UInt64> = []
        var closings: [String?] = []
        var handshakes = 0
        var refusals: [String] = []
    }

    static func check(_ bytes: [UInt8]) throws {
        guard let choice = bytes.first else { return }
        let script = bytes.dropFirst()
        let whole = try Self.play(script, choice, bytewise: false)
        let bytewise = try Self.play(script, choice, bytewise: true)
        try law(whole == bytewise, "a dialogue is the same however it comes:\n\(whole)\n\(bytewise)")
        if whole.given > 0 {
            for id in 1...whole.given { try law(whole.results[id]?.count == 1, "each message has one result: \(id)") }
        }
        for (id, results) in whole.results where !whole.granted.contains(id) {
            // Without its dot a message is neither taken nor in doubt.
            if case .noReply = results[0] { throw BrokenLaw("in doubt without leave: \(id)") }
            if case .reply(_, stage: .message) = results[0] { throw BrokenLaw("taken without leave: \(id)") }
        }
        try law(whole.closings.count == 1, "a connection is closed once")
        try law(whole.written.isEmpty || whole.written.suffix(2) == [13, 10], "what is written is whole lines")
        let lineEnds = zip(whole.written, whole.written.dropFirst()).allSatisfy { ($0 == 13) == ($1 == 10) }
        try law(lineEnds && whole.written.first != 10, "every line ends in CRLF")
        let hasCredentials = whole.written.split(separator: 10).contains { $0.starts(with: "AUTH".utf8) }
        try law(!hasCredentials || whole.handshakes > 0 || choice & 8 != 0, "credentials are not sent in the clear")
    }

    private static func settings(_ choice: UInt8) -> SMTPSession.Settings {
        let policies: [TLSPolicy] = [.required, .opportunistic, .off]
        let user = choice & 4 == 0 ? "" : choice & 16 == 0 ? "ann" : String(repeating: "a", count: 400)
        return SMTPSession.Settings(
            hello: "me.example",
            tlsPolicy: policies[Int(choice & 3) % 3],
            user: user,
            password: user.isEmpty ? "" : "secret"
        )
    }

    private static func play(_ script: ArraySlice<UInt8>, _ choice: UInt8, bytewise: Bool) throws -> Shell {
        var session = SMTPSession(Self.settings(choice), isEncrypted: choice & 8 != 0)
        var shell = Shell()
        var index = script.startIndex
        while index < script.endIndex {
            if let event = Event(rawValue: script[index]) {
                Self.apply(event, to: &session, &shell)
                index += 1
            } else {
                let rest = script[index...]
                let end = bytewise ? index + 1 : rest.firstIndex { Event(rawValue: $0) != nil } ?? rest.endIndex
                rest[..<end].withUnsafeBytes { session.receive($0) }
                index = end
            }
            try Self.settle(&session, &shell)
        }
        session.lost("the end")
        try Self.settle(&session, &shell)
        return shell
    }

    private static func apply(_ event: Event, to session: inout SMTPSession, _ shell: inout Shell) {
        switch event {
        case .begin:
            guard session.canBegin else { return }
            shell.given += 1
            session.begin(id: shell.given, sender: "us@x.example", recipient: "ann@y.example", size: 100)
        case .grantLeave:
            guard let id = shell.waiting.first else { return }
            shell.granted.insert(id)
            session.leave(id, granted: true)
        case .denyLeave:
            guard let id = shell.waiting.first else { return }
            session.leave(id, granted: false)
        case .encrypted:
            guard session.wait == .handshake else { return }
            shell.handshakes += 1
            session.encrypted()
        case .timedOut: session.timedOut()
        case .lost: session.lost("lost")
        case .cut: session.cut("cut")
        case .retire: session.retire()
        }
    }

    private static func settle(_ session: inout SMTPSession, _ shell: inout Shell) throws {
        while let action = session.nextAction() {
            switch action {
            case .startTLS, .ready, .sendBody: break
            case .refused(let problem): shell.refusals.append(problem)
            case .askLeave(let id): shell.waiting.append(id)
            case .resolve(let id, let result):
                shell.waiting.removeAll { $0 == id }
                shell.results[id, default: []].append(result)
            case .close(let problem): shell.closings.append(problem)
            }
        }
        try law(shell.waiting.count <= 1, "one message at a time asks for leave")
        shell.written += session.output
        session.output.removeAll()
    }
}
