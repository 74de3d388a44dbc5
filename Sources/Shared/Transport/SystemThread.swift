import CZeroMQ
import Glibc
import Synchronization

/// A thread of its own, for work that waits in the kernel and must not hold one of Swift's pool threads.
package final class SystemThread: Sendable {
    private let handle: Mutex<pthread_t?>

    private init(_ handle: pthread_t) { self.handle = Mutex(handle) }

    deinit {
        // Nobody can join it any more: the system may forget it when it ends.
        if let handle = self.handle.withLock({ $0 }) { pthread_detach(handle) }
    }

    /// Runs `body` on a new thread.
    ///
    /// - Parameters:
    ///   - name: Seen in `top -H` and debuggers; the kernel keeps 15 bytes.
    ///   - body: Runs once; the thread ends with it.
    /// - Returns: The running thread.
    /// - Throws: ``TransportError/Code/library`` when the system has no more threads.
    package static func start(
        name: String,
        _ body: @escaping @Sendable () -> Void
    ) throws(TransportError) -> SystemThread {
        let work = Unmanaged.passRetained(Work(name: String(name.prefix(15)), body: body))
        var handle = pthread_t()
        let result = pthread_create(
            &handle,
            nil,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                czeromq_name_this_thread(work.name)
                work.body()
                return nil
            },
            work.toOpaque()
        )
        guard result == 0 else {
            work.release()
            throw TransportError(.library, "start thread \(name): \(String(cString: strerror(result)))")
        }
        return SystemThread(handle)
    }

    /// Waits until the thread has ended; returns at once the second time.
    package func join() {
        let handle = self.handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        guard let handle else { return }
        pthread_join(handle, nil)
    }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
