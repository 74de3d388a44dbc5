import Synchronization

/// Decides who may connect: libzmq asks it about every CURVE handshake in its context (ZAP, ZeroMQ RFC 27).
///
/// It has a thread of its own that does no I/O beyond that and keeps nothing per request, so that a flood costs only time.
package final class Authenticator: Sendable {
    /// The ZAP domain of the coordinator's socket.
    static let domain = "postrider"
    /// Property of a connection: the key it proved.
    ///
    /// A name alone would survive a change of its key.
    static let keyProperty = "X-Postrider-Key"
    static let address = "inproc://zeromq.zap.01"
    /// Refusals told a second; the rest is counted.
    package static let reportsPerSecondMax = 5

    private let core: Core
    private let thread: SystemThread

    /// Begins to answer; the first socket may be bound once this returns.
    ///
    /// - Parameters:
    ///   - context: The one of the sockets that it is asked about.
    ///   - allowList: In force until ``replaceAllowList(_:)``.
    ///   - onRefusal: Called on the authenticator's thread, at most ``reportsPerSecondMax`` times a second; must not wait.
    /// - Throws: ``TransportError/Code/endpointInUse`` when the context has an authenticator already.
    package init(
        _ context: Context,
        allowList: AllowList,
        onRefusal: @escaping @Sendable (Refusal) -> Void
    ) throws(TransportError) {
        let core = Core(allowList: allowList, wakeup: try Wakeup(), onRefusal: onRefusal)
        let start = Start(signal: try Wakeup())
        self.thread = try SystemThread.start(name: "authenticator") { core.run(context, start) }
        _ = start.signal.wait()
        self.core = core
        if let error = start.failure.withLock({ $0 }) {
            self.thread.join()
            throw error
        }
    }

    /// Stops answering and ends the thread; from then on nobody is let in.
    ///
    /// Does nothing the second time.
    package func stop() {
        self.core.stop()
        self.thread.join()
    }

    /// The list that is in force.
    package var allowList: AllowList { self.core.allowList.withLock { $0 } }

    /// Puts another list in force, at once also for frames on connections that exist (``Inbound/revoked(principal:)``).
    package func replaceAllowList(_ list: AllowList) {
        self.core.allowList.withLock { $0 = list }
    }

    /// Whether the list still gives `name` to the key that a connection proved.
    func admits(_ name: String, keyText: String?) -> Bool {
        self.core.allowList.withLock { list in
            guard let key = list.key(of: name) else { return false }
            return key.text == keyText
        }
    }
}
