import CZeroMQ
import Glibc
import Synchronization

extension Authenticator {
    /// How a new thread tells that it is bound, or why not.
    final class Start: Sendable {
        let failure = Mutex<TransportError?>(nil)
        let signal: Wakeup

        init(signal: Wakeup) { self.signal = signal }
    }

    /// What the authenticator's thread and its callers share.
    final class Core: Sendable {
        let allowList: Mutex<AllowList>
        private let wakeup: Wakeup
        private let isStopping = Atomic<Bool>(false)
        private let onRefusal: @Sendable (Refusal) -> Void

        init(allowList: AllowList, wakeup: Wakeup, onRefusal: @escaping @Sendable (Refusal) -> Void) {
            self.allowList = Mutex(allowList)
            self.wakeup = wakeup
            self.onRefusal = onRefusal
        }

        func stop() {
            self.isStopping.store(true, ordering: .releasing)
            self.wakeup.signal()
        }

        /// The thread: until ``stop()``, or until the context is shut down.
        func run(_ context: Context, _ start: Start) {
            do throws(TransportError) {
                let socket = try OwnedSocket(context, type: ZMQ_REP)
                defer { socket.close() }
                try socket.set(ZMQ_LINGER, Int32(0), "LINGER")
                try socket.bind(Authenticator.address)
                start.signal.signal()
                try self.answer(socket)
            } catch {
                // Shut down, or never bound: in both cases nobody is let in any more.
                start.failure.withLock { $0 = error }
                start.signal.signal()
            }
        }

        private func answer(_ socket: OwnedSocket) throws(TransportError) {
            var reports = RefusalReports()
            while !self.isStopping.load(ordering: .acquiring) {
                try self.wait(socket)
                self.wakeup.drain()
                while !self.isStopping.load(ordering: .acquiring), let request = try ZAPRequest(from: socket) {
                    let verdict = request.verdict(self.allowList.withLock { $0 })
                    try request.reply(verdict, through: socket)
                    guard case .refused(let cause) = verdict else { continue }
                    let now = BootClock.now()
                    let refusal = reports.report(cause, key: request.key, address: request.address, at: now)
                    if let refusal { self.onRefusal(refusal) }
                }
            }
        }

        private func wait(_ socket: OwnedSocket) throws(TransportError) {
            var items = (
                zmq_pollitem_t(socket: socket.raw, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0),
                zmq_pollitem_t(socket: nil, fd: self.wakeup.fileDescriptor, events: Int16(ZMQ_POLLIN), revents: 0)
            )
            let result = withUnsafeMutablePointer(to: &items) { pointer in
                pointer.withMemoryRebound(to: zmq_pollitem_t.self, capacity: 2) { zmq_poll($0, 2, -1) }
            }
            if result < 0, zmq_errno() != EINTR { throw TransportError.last(.socket, "wait for handshakes") }
        }
    }
}
