/// Checks from outside that the coordinator's socket lets no stranger in.
///
/// Libraries and options have made servers accept everybody before; this finds it out at every start, whatever the cause.
package enum SelfTest {
    /// Connects to a running ``RouterSocket`` with a key nobody knows, without any, and with a password, and wants to be refused.
    ///
    /// - Parameters:
    ///   - endpoint: Where it listens (``RouterSocket/endpoint``).
    ///   - coordinator: The coordinator's public key.
    ///   - timeoutMilliseconds: For each of the three; without an authenticator libzmq turns nobody away before its own time-out.
    /// - Throws: ``TransportError/Code/selfTest`` when somebody was let in, when the authenticator did not decide, or when no
    ///   answer came in time: in each case the coordinator must not start.
    package static func requireStrangersRefused(
        at endpoint: Endpoint,
        coordinator: PublicKey,
        timeoutMilliseconds: Int64 = 2 * Int64(SocketLimits.handshakeMilliseconds)
    ) throws(TransportError) {
        let context = try Context()
        defer {
            // Sockets are closed by `verdict`; a failure here changes nothing about the answer.
            try? context.terminate()
        }
        let keys = try CurveKeyPair.generate()
        for stranger in Stranger.allCases {
            let socket = try DealerSocket(
                context,
                protection: stranger.protection(keys, coordinator),
                endpoint: endpoint
            )
            let verdict: Result<Void, TransportError>
            do throws(TransportError) {
                try self.requireRefused(stranger, socket, timeoutMilliseconds)
                verdict = .success(())
            } catch { verdict = .failure(error) }
            socket.close()
            try verdict.get()
        }
    }

    enum Stranger: CaseIterable {
        case unknownKey
        case noKey
        case password

        func protection(_ keys: CurveKeyPair, _ coordinator: PublicKey) -> DealerSocket.Protection {
            switch self {
            case .unknownKey: .curve(keys, server: coordinator)
            case .noKey: .none
            case .password: .password
            }
        }

        var words: String {
            switch self {
            case .unknownKey: "a client with an unknown key"
            case .noKey: "a client without a key"
            case .password: "a client with a password"
            }
        }
    }

    static func requireRefused(
        _ stranger: Stranger,
        _ socket: DealerSocket,
        _ timeoutMilliseconds: Int64
    ) throws(TransportError) {
        let deadline = BootClock.now() + timeoutMilliseconds
        let poller = Poller(socket, try Wakeup())
        while true {
            let left = deadline - BootClock.now()
            guard left > 0 else {
                throw TransportError(.selfTest, "\(stranger.words) was neither refused nor let in in time")
            }
            _ = try poller.wait(timeoutMilliseconds: left)
            while let event = try socket.nextEvent() {
                switch event {
                case .connected: throw TransportError(.selfTest, "\(stranger.words) was let in")
                case .refused: return
                case .handshakeFailed(let detail):
                    // Without a key the handshake ends before anybody is asked.
                    guard stranger == .unknownKey else { return }
                    throw TransportError(
                        .selfTest,
                        "\(stranger.words) was turned away, but not by the authenticator: \(detail)"
                    )
                case .disconnected, .retrying, .acceptFailed: continue
                }
            }
        }
    }
}
