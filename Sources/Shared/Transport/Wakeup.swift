import CZeroMQ
import Glibc
import Synchronization

/// Wakes a thread that waits in a ``Poller``; any thread may ring.
///
/// Put the work into a queue first and ``signal()`` then; the waiting thread calls ``drain()`` first and empties the queue then.
/// In that order nothing is left lying. Signals between two drains become one write.
package final class Wakeup: Sendable {
    let fileDescriptor: Int32
    private let isRinging = Atomic<Bool>(false)

    /// - Throws: ``TransportError/Code/library`` when the process has no file descriptor left.
    package init() throws(TransportError) {
        let descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else {
            throw TransportError(.library, "make an eventfd: \(String(cString: strerror(errno)))")
        }
        self.fileDescriptor = descriptor
    }

    deinit { close(self.fileDescriptor) }

    /// Ends the present or the next wait.
    package func signal() {
        guard !self.isRinging.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var one: UInt64 = 1
        while write(self.fileDescriptor, &one, 8) < 0, errno == EINTR {}
    }

    /// Takes the signal back, so that the next wait waits again.
    package func drain() {
        var count: UInt64 = 0
        while read(self.fileDescriptor, &count, 8) < 0, errno == EINTR {}
        // Only after the read: a signal in between must write again, or find its work taken after this.
        _ = self.isRinging.exchange(false, ordering: .acquiringAndReleasing)
    }

    /// Waits for a signal; without a bound (-1) only for a thread that is certain to signal.
    ///
    /// Returns whether it came.
    package func wait(timeoutMilliseconds: Int32 = -1) -> Bool {
        var descriptor = pollfd(fd: self.fileDescriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&descriptor, 1, timeoutMilliseconds)
            if count >= 0 || errno != EINTR { return count > 0 }
        }
    }
}
