import Domain
import Foundation
import Mail
import NIOCore
import NIOPosix
import Relay
import UserFiles

/// Sends one message as a test, over a connection of its own, apart from all campaigns: no lease, no ledger, no limit knows of it.
enum TestDelivery {
    /// How long a relay may take over all of it.
    static let secondsMax: Int64 = 60

    /// What came of a test.
    struct Outcome: Hashable, Sendable {
        let isAccepted: Bool
        /// The relay's reply, or what went wrong.
        let text: String
    }

    /// A message that is ready to leave.
    struct Parcel: Sendable {
        /// Dot-stuffed, without the final dot.
        let message: [UInt8]
        let sender: String
        let recipient: String
    }

    /// Sends it, and waits for the relay's word.
    static func send(_ parcel: Parcel, through relay: RelaySettings) async -> Outcome {
        let configuration: RelayConfiguration
        do throws(Diagnostic) {
            configuration = try relay.testConfiguration()
        } catch {
            return Outcome(isAccepted: false, text: error.message)
        }
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let answer = loop.flatSubmit { TestSource.start(parcel, configuration, on: loop) }
        do {
            return try await answer.get()
        } catch {
            return Outcome(isAccepted: false, text: "\(error)")
        }
    }
}

/// One message for one pool, on its event loop.
private final class TestSource: MessageSource {
    private let parcel: TestDelivery.Parcel
    private let loop: any EventLoop
    private let promise: EventLoopPromise<TestDelivery.Outcome>
    private var wasTaken = false
    private var isOver = false
    private var pool: RelayPool?

    private init(_ parcel: TestDelivery.Parcel, on loop: any EventLoop) {
        self.parcel = parcel
        self.loop = loop
        self.promise = loop.makePromise()
    }

    static func start(
        _ parcel: TestDelivery.Parcel,
        _ configuration: RelayConfiguration,
        on loop: any EventLoop
    ) -> EventLoopFuture<TestDelivery.Outcome> {
        let source = TestSource(parcel, on: loop)
        let pool = RelayPool(configuration, on: loop, source: source) { 0 }
        source.pool = pool
        loop.assumeIsolated().scheduleTask(in: .seconds(TestDelivery.secondsMax)) {
            source.end(.init(isAccepted: false, text: "no answer within \(TestDelivery.secondsMax) s"))
        }
        pool.wake()
        return source.promise.futureResult
    }

    func nextJob() -> RelayJob? {
        guard !self.wasTaken else { return nil }
        self.wasTaken = true
        return RelayJob(id: 1, sender: self.parcel.sender, recipient: self.parcel.recipient)
    }

    func body(of job: RelayJob) -> ByteBuffer? { ByteBuffer(bytes: self.parcel.message) }

    func intend(_ job: RelayJob, proceed: @escaping (Bool) -> Void) { proceed(!self.isOver) }

    func resolved(_ job: RelayJob, _ result: RelayResult) {
        switch result {
        case .reply(let reply, let stage):
            self.end(.init(isAccepted: stage == .message && reply.code / 100 == 2, text: reply.line))
        case .turnedAway(let reply): self.end(.init(isAccepted: false, text: reply.line))
        case .noReply(let problem), .connectionLost(let problem): self.end(.init(isAccepted: false, text: problem))
        case .notBegun: self.end(.init(isAccepted: false, text: "the connection ended before the message"))
        }
    }

    func relayChanged(problem: String?) {
        if let problem { self.end(.init(isAccepted: false, text: problem)) }
    }

    private func end(_ outcome: TestDelivery.Outcome) {
        guard !self.isOver else { return }
        self.isOver = true
        self.promise.succeed(outcome)
        // The pool is in the midst of a turn.
        self.loop.assumeIsolated().execute {
            self.pool?.cut()
            self.pool = nil
        }
    }
}

extension RelayReply {
    /// Code, status and text on one line.
    fileprivate var line: String {
        [String(self.code), self.status, self.text].filter { !$0.isEmpty }.joined(separator: " ")
    }
}

extension RelaySettings {
    /// This relay for one connection from the coordinator.
    fileprivate func testConfiguration() throws(Diagnostic) -> RelayConfiguration {
        var authorities: String?
        if let file = self.certificateFile {
            guard let bytes = FileManager.default.contents(atPath: file) else {
                throw Diagnostic(.error, "relay \(self.name): the file \(file) cannot be read")
            }
            authorities = String(decoding: bytes, as: UTF8.self)
        }
        let security = self.security == .implicit ? TransportSecurity.required.rawValue : self.security.rawValue
        var timeouts = SMTPTimeouts()
        timeouts.connectSeconds = Double(self.timeouts.connectMilliseconds) / 1_000
        timeouts.handshakeSeconds = timeouts.connectSeconds
        timeouts.greetingSeconds = Double(self.timeouts.greetingMilliseconds) / 1_000
        timeouts.envelopeSeconds = Double(self.timeouts.replyMilliseconds) / 1_000
        return RelayConfiguration(
            name: self.name,
            host: self.host,
            port: self.port,
            implicitTLS: self.security == .implicit,
            tlsPolicy: TLSPolicy(rawValue: security) ?? .required,
            user: self.credentials?.user ?? "",
            password: self.credentials?.password.reveal() ?? "",
            caPEM: authorities,
            hello: self.helo ?? HelloName.ofThisMachine,
            connectionsMax: 1,
            timeouts: timeouts
        )
    }
}
