import Glibc
import Synchronization
import Testing

@testable import Transport

/// Nothing in these tests takes longer on a machine that works; it ends a test that would hang.
let patienceMilliseconds: Int64 = 20_000

/// A running router with one worker on its list, driven by the test's own thread.
final class TestCoordinator {
    let context: Context
    let keys: CurveKeyPair
    /// Of `worker-1`.
    let known: CurveKeyPair
    let authenticator: Authenticator?
    let router: RouterSocket
    let refusals: Refusals
    private let poller: Poller

    final class Refusals: Sendable {
        let list = Mutex<[Refusal]>([])
    }

    /// Parts of the protection that a test leaves out.
    enum Weakness {
        case none
        case noAuthenticator
        /// No authenticator, and nobody insists on one.
        case openHouse
        case noKeys
    }

    init(_ weakness: Weakness = .none) throws {
        self.context = try Context()
        self.keys = try .generate()
        self.known = try .generate()
        let refusals = Refusals()
        self.refusals = refusals
        if weakness == .none {
            let list = try AllowList().adding("worker-1", self.known.publicKey)
            self.authenticator = try Authenticator(self.context, allowList: list) { refusal in
                refusals.list.withLock { $0.append(refusal) }
            }
        } else {
            self.authenticator = nil
        }
        self.router = try RouterSocket(
            self.context,
            keys: weakness == .noKeys ? nil : self.keys,
            checkedBy: self.authenticator,
            endpoint: Endpoint("tcp://127.0.0.1:*"),
            needsAuthenticator: weakness != .openHouse
        )
        self.poller = Poller(self.router, try Wakeup())
    }

    func connect(as keys: CurveKeyPair) throws -> TestWorker {
        try TestWorker(.curve(keys, server: self.keys.publicKey), self.router.endpoint)
    }

    func next() throws -> Inbound {
        let deadline = BootClock.now() + patienceMilliseconds
        while BootClock.now() < deadline {
            if let inbound = try self.router.receive() { return inbound }
            _ = try self.poller.wait(timeoutMilliseconds: deadline - BootClock.now())
            while try self.router.nextEvent() != nil {}
        }
        throw TestFailure(message: "no frame came")
    }

    func nextFrame() throws -> Received {
        guard case .frame(let received) = try self.next() else { throw TestFailure(message: "no plain frame") }
        return received
    }

    func nextEvent() throws -> MonitorEvent {
        let deadline = BootClock.now() + patienceMilliseconds
        while BootClock.now() < deadline {
            if let event = try self.router.nextEvent() { return event }
            _ = try self.poller.wait(timeoutMilliseconds: deadline - BootClock.now())
        }
        throw TestFailure(message: "no event came")
    }

    func close() throws {
        self.router.close()
        self.authenticator?.stop()
        try self.context.terminate()
    }
}

struct TestFailure: Error {
    let message: String
}

/// A dealer in a context of its own.
final class TestWorker {
    let context: Context
    let socket: DealerSocket
    private let poller: Poller

    init(_ protection: DealerSocket.Protection, _ endpoint: Endpoint) throws {
        self.context = try Context()
        self.socket = try DealerSocket(self.context, protection: protection, endpoint: endpoint)
        self.poller = Poller(self.socket, try Wakeup())
    }

    func nextEvent() throws -> MonitorEvent {
        let deadline = BootClock.now() + patienceMilliseconds
        while BootClock.now() < deadline {
            if let event = try self.socket.nextEvent() { return event }
            _ = try self.poller.wait(timeoutMilliseconds: deadline - BootClock.now())
        }
        throw TestFailure(message: "no event came")
    }

    func waitForEvent(_ wanted: MonitorEvent) throws {
        while true {
            let event = try self.nextEvent()
            if event == wanted { return }
        }
    }

    func nextMessage() throws -> DealerInbound {
        let deadline = BootClock.now() + patienceMilliseconds
        while BootClock.now() < deadline {
            if let message = try self.socket.receive() { return message }
            _ = try self.poller.wait(timeoutMilliseconds: deadline - BootClock.now())
            while try self.socket.nextEvent() != nil {}
        }
        throw TestFailure(message: "no message came")
    }

    func close() {
        self.socket.close()
        #expect(throws: Never.self) { try self.context.terminate() }
    }
}

func withCoordinator(
    _ weakness: TestCoordinator.Weakness = .none,
    _ body: (TestCoordinator) throws -> Void
) throws {
    let coordinator = try TestCoordinator(weakness)
    do {
        try body(coordinator)
        try coordinator.close()
    } catch {
        try coordinator.close()
        throw error
    }
}

/// Asks again until it is so; a frame or a departure takes a moment to get through.
func eventually(_ condition: () throws -> Bool) throws {
    let deadline = BootClock.now() + patienceMilliseconds
    while try !condition() {
        guard BootClock.now() < deadline else { throw TestFailure(message: "it did not come so far") }
        sched_yield()
    }
}
