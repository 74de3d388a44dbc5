import Domain
import Mail

/// Drives a session by hand and notes what it wants: the other side of every session test.
struct Dialogue {
    var session: SMTPSession
    /// What was written since the last ``takeSent()``, bodies as `[body N]`.
    private var sent = ""
    private(set) var results: [UInt64: [SMTPResult]] = [:]
    /// Messages that wait for leave.
    private(set) var waiting: [UInt64] = []
    private(set) var refusals: [String] = []
    private(set) var isReady = false
    private(set) var isClosed = false
    private(set) var closeProblem: String?
    /// Final dots written for each message, counted by the leave that was given.
    private(set) var granted: [UInt64] = []

    init(_ settings: SMTPSession.Settings = .init(hello: "me.example", tlsPolicy: .off), isEncrypted: Bool = false) {
        self.session = SMTPSession(settings, isEncrypted: isEncrypted)
    }

    /// A session that is open, with or without PIPELINING.
    static func open(pipelining: Bool = true, extensions: [String] = []) -> Dialogue {
        var dialogue = Dialogue()
        dialogue.relay("220 relay.example ESMTP\r\n")
        let words = (pipelining ? ["PIPELINING"] : []) + extensions
        dialogue.relay((["relay.example"] + words).map { "250-\($0)\r\n" }.joined() + "250 HELP\r\n")
        _ = dialogue.takeSent()
        return dialogue
    }

    mutating func relay(_ text: String) {
        Array(text.utf8).withUnsafeBytes { self.session.receive($0) }
        self.settle()
    }

    mutating func begin(_ id: UInt64, sender: String = "us@x.example", to: String = "ann@y.example", size: Int = 100) {
        self.session.begin(id: id, sender: sender, recipient: to, size: size)
        self.settle()
    }

    mutating func leave(_ id: UInt64, _ isGranted: Bool = true) {
        if isGranted { self.granted.append(id) }
        self.session.leave(id, granted: isGranted)
        self.settle()
    }

    mutating func tell(_ event: (inout SMTPSession) -> Void) {
        event(&self.session)
        self.settle()
    }

    mutating func takeSent() -> String {
        defer { self.sent = "" }
        return self.sent
    }

    private mutating func settle() {
        self.write()
        while let action = self.session.nextAction() {
            self.write()
            switch action {
            case .startTLS: self.sent += "[TLS]"
            case .ready: self.isReady = true
            case .refused(let problem): self.refusals.append(problem)
            case .sendBody(let id): self.sent += "[body \(id)]"
            case .askLeave(let id): self.waiting.append(id)
            case .resolve(let id, let result):
                self.waiting.removeAll { $0 == id }
                self.results[id, default: []].append(result)
            case .close(let problem):
                self.isClosed = true
                self.closeProblem = problem
            }
        }
        self.write()
    }

    private mutating func write() {
        self.sent += String(decoding: self.session.output, as: UTF8.self)
        self.session.output.removeAll()
    }
}

extension SMTPResult {
    /// A short form for tables.
    var short: String {
        switch self {
        case .reply(let reply, let stage): "\(reply.code)@\(stage)"
        case .noReply: "noReply"
        case .connectionLost: "lost"
        case .notBegun: "notBegun"
        case .turnedAway(let reply): "away\(reply.code)"
        }
    }
}
