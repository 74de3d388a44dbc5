import CZeroMQ
import Glibc

/// What ended a wait: more than one may be set, or none after the time ran out.
package struct Readiness: Hashable, Sendable {
    /// The socket has a message: `receive()` until `nil`.
    package var socket = false
    /// The socket can take a frame; only where that was asked for.
    package var hasRoom = false
    /// Connections changed: `nextEvent()` until `nil`.
    package var monitor = false
    /// Somebody rang: ``Wakeup/drain()``, then empty the queue.
    package var wakeup = false
}

/// Waits for a socket, its monitor and other threads at once, on the socket's thread.
package final class Poller {
    private let socket: OwnedSocket
    private let monitor: OwnedSocket
    private let wakeup: Wakeup
    private let dealer: DealerSocket?

    package init(_ router: RouterSocket, _ wakeup: Wakeup) {
        (self.socket, self.monitor, self.wakeup) = (router.socket, router.monitor.pair, wakeup)
        self.dealer = nil
    }

    package init(_ dealer: DealerSocket, _ wakeup: Wakeup) {
        (self.socket, self.monitor, self.wakeup) = (dealer.socket, dealer.monitor.pair, wakeup)
        self.dealer = dealer
    }

    /// Waits until something is ready or the time is over.
    ///
    /// A signal handler ends it early, with nothing ready.
    ///
    /// - Parameters:
    ///   - timeoutMilliseconds: 0 only looks. Brought into 0 to ``SocketLimits/waitMillisecondsMax``.
    ///   - wantsRoom: End also when the socket can take a frame; set it only while one waits, or it never rests.
    /// - Returns: What is ready.
    /// - Throws: ``TransportError/Code/terminated`` once the context is shut down.
    package func wait(timeoutMilliseconds: Int64, wantsRoom: Bool = false) throws(TransportError) -> Readiness {
        let readable = Int16(ZMQ_POLLIN)
        let writable = Int16(ZMQ_POLLOUT)
        var items = (
            zmq_pollitem_t(
                socket: self.socket.raw,
                fd: 0,
                events: wantsRoom ? readable | writable : readable,
                revents: 0
            ),
            zmq_pollitem_t(socket: self.monitor.raw, fd: 0, events: readable, revents: 0),
            zmq_pollitem_t(socket: nil, fd: self.wakeup.fileDescriptor, events: readable, revents: 0)
        )
        let timeout = self.bounded(timeoutMilliseconds)
        let count = withUnsafeMutablePointer(to: &items) { pointer in
            pointer.withMemoryRebound(to: zmq_pollitem_t.self, capacity: 3) { zmq_poll($0, 3, Int(timeout)) }
        }
        guard count >= 0 else {
            if zmq_errno() == EINTR { return Readiness() }
            throw TransportError.last(.socket, "wait")
        }
        let readiness = Readiness(
            socket: items.0.revents & readable != 0,
            hasRoom: items.0.revents & writable != 0,
            monitor: items.1.revents & readable != 0,
            wakeup: items.2.revents & readable != 0
        )
        // News of the connection come first: it may stand already.
        if !readiness.monitor { try self.dealer?.retryIfDue() }
        return readiness
    }

    private func bounded(_ timeoutMilliseconds: Int64) -> Int64 {
        let timeout = min(max(timeoutMilliseconds, 0), SocketLimits.waitMillisecondsMax)
        guard let retryAt = self.dealer?.retryAt else { return timeout }
        return min(timeout, max(retryAt - BootClock.now(), 0))
    }
}
