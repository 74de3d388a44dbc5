import CZeroMQ

/// Bounds and times of the worker connection, the same on both sides.
package enum SocketLimits {
    /// Longest frame; libzmq cuts off a peer that announces a longer one.
    package static let frameBytesMax = 4 * 1_024 * 1_024
    /// Longest wait in ``Poller``: a thread looks at its own timers at least this often.
    package static let waitMillisecondsMax: Int64 = 60_000

    /// What CURVE adds to a frame (name of the command, nonce, authentication, flags): libzmq counts it when it cuts off.
    static let curveBytes = 33
    /// A peer that has not finished its handshake by then is cut off: half-open connections cost file descriptors.
    static let handshakeMilliseconds: Int32 = 5_000
    /// Ping while nothing else is sent.
    static let heartbeatMilliseconds: Int32 = 2_000
    /// Three pings without an answer: the peer is gone.
    static let heartbeatTimeoutMilliseconds: Int32 = 6_000
    /// Frames waiting for one worker: its whole credit in grants of one target each, and answers; more means that it does not read.
    static let routerSendQueue: Int32 = 1_200
    /// Frames waiting from one worker, before its TCP connection is left to fill up.
    static let routerReceiveQueue: Int32 = 1_000
    /// Frames waiting for the coordinator, before ``SendOutcome/full``.
    static let dealerSendQueue: Int32 = 1_000
    static let reconnectMilliseconds: Int32 = 100
    /// Doubling stops here: a coordinator that is back is found within it.
    static let reconnectMillisecondsMax: Int32 = 5_000
    /// Pause after a refused handshake: a new worker is on the allow-list within it, and the log stays readable.
    static let refusedMilliseconds: Int64 = 5_000
    /// How long a closed worker's last report may take to leave.
    static let dealerLingerMilliseconds: Int32 = 1_000
}

/// What became of a frame that was to be sent; nothing ever waits.
package enum SendOutcome: Hashable, Sendable {
    /// Handed to the connection; that it arrives is not said.
    case sent
    /// The worker's connection is gone; it will come back under another routing id.
    case peerGone
    /// No room, or no connection yet: keep the frame, or treat the worker as gone.
    case full
}

extension OwnedSocket {
    /// Options that both ends share (the reasons stand in ``SocketLimits``).
    func setCommonOptions(isIPv6: Bool) throws(TransportError) {
        try self.set(ZMQ_IPV6, isIPv6 ? Int32(1) : 0, "IPV6")
        try self.set(ZMQ_MAXMSGSIZE, Int64(SocketLimits.frameBytesMax + SocketLimits.curveBytes), "MAXMSGSIZE")
        try self.set(ZMQ_HANDSHAKE_IVL, SocketLimits.handshakeMilliseconds, "HANDSHAKE_IVL")
        try self.set(ZMQ_HEARTBEAT_IVL, SocketLimits.heartbeatMilliseconds, "HEARTBEAT_IVL")
        try self.set(ZMQ_HEARTBEAT_TIMEOUT, SocketLimits.heartbeatTimeoutMilliseconds, "HEARTBEAT_TIMEOUT")
        try self.set(ZMQ_HEARTBEAT_TTL, SocketLimits.heartbeatTimeoutMilliseconds, "HEARTBEAT_TTL")
        try self.set(ZMQ_TCP_KEEPALIVE, Int32(1), "TCP_KEEPALIVE")
    }
}
