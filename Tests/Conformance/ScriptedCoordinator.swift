import Foundation
import SwiftProtobuf
import Testing
import Transport
import Wire

/// A coordinator that says what the test tells it to, over the real transport.
final class ScriptedCoordinator {
    let keys: CurveKeyPair
    let workerKeys: CurveKeyPair
    let router: RouterSocket
    private let context: Context
    private let authenticator: Authenticator
    private let poller: Poller
    private var routing: [UInt8] = []
    private var sequence: UInt64 = 0
    var session: UInt64 = 0
    private var waiting: [Framed<WorkerMessage>] = []

    /// A Python worker starts, connects and sends within it, also on a busy machine.
    private static let patienceMilliseconds: Int64 = 30_000

    init() throws {
        self.context = try Context()
        self.keys = try .generate()
        self.workerKeys = try .generate()
        self.authenticator = try Authenticator(
            self.context,
            allowList: AllowList().adding("python", self.workerKeys.publicKey)
        ) { _ in }
        self.router = try RouterSocket(
            self.context,
            keys: self.keys,
            authenticator: self.authenticator,
            endpoint: Endpoint("tcp://127.0.0.1:*")
        )
        self.poller = Poller(self.router, try Wakeup())
    }

    func close() throws {
        self.router.close()
        self.authenticator.stop()
        try self.context.terminate()
    }

    func send(_ message: CoordinatorMessage) throws {
        self.sequence += 1
        let frame = try message.frame(session: self.session, sequence: self.sequence)
        #expect(try self.router.send(frame, to: self.routing) == .sent)
    }

    /// The first message that `choose` takes; what it does not take is kept for the next call.
    func next<Value>(_ choose: (WorkerMessage) -> Value?) throws -> Value {
        for (index, framed) in self.waiting.enumerated() {
            guard let value = choose(framed.message) else { continue }
            self.waiting.remove(at: index)
            return value
        }
        let deadline = BootClock.now() + Self.patienceMilliseconds
        while BootClock.now() < deadline {
            while let framed = try self.receive() {
                if let value = choose(framed.message) { return value }
                self.waiting.append(framed)
            }
            _ = try self.poller.wait(timeoutMilliseconds: 100)
            while try self.router.nextEvent() != nil {}
        }
        throw ConformanceFailure(message: "the worker did not say it; it said \(self.waiting.map(\.message.type))")
    }

    /// Waits for `Hello` and answers with a new session.
    func welcome(session: UInt64, relayPort: Int) throws -> WireHello {
        self.waiting = []
        let hello = try self.next { if case .hello(let hello) = $0 { hello } else { nil } }
        self.session = session
        self.sequence = 0
        try self.send(
            .welcome(
                .with {
                    $0.leaseTtl = 60_000
                    $0.credit = 1_024
                    $0.worker = "python"
                    $0.relays = [
                        .with {
                            $0.name = "main"
                            $0.url = "smtp://127.0.0.1:\(relayPort)"
                            $0.tls = "off"
                            $0.helo = "postrider.example"
                        }
                    ]
                }
            )
        )
        return hello
    }

    private func receive() throws -> Framed<WorkerMessage>? {
        guard let inbound = try self.router.receive() else { return nil }
        guard case .frame(let received) = inbound, received.principal == "python" else {
            throw ConformanceFailure(message: "\(inbound)")
        }
        self.routing = received.routing
        let framed = try WorkerMessage.decode(received.payload)
        let isHello = framed.message.type == .hello
        // What was under way when a session ended is not of interest.
        guard isHello || framed.header.session == self.session else { return try self.receive() }
        #expect(!isHello || framed.header.session == 0)
        return framed
    }
}

struct ConformanceFailure: Error {
    let message: String
}
