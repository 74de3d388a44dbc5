/// How long a relay may take: every wait of a connection has one of these limits.
package struct SMTPTimeouts: Hashable, Sendable {
    /// TCP connection; kernels try for two minutes, which holds a slot for nothing.
    package var connectSeconds = 30.0
    /// TLS handshake: two round trips and some arithmetic.
    package var handshakeSeconds = 30.0
    /// The greeting, and the answer to EHLO, STARTTLS and AUTH (RFC 5321 section 4.5.3.2.1).
    package var greetingSeconds = 300.0
    /// The reply to MAIL or RCPT (sections 4.5.3.2.2 and 4.5.3.2.3).
    package var envelopeSeconds = 300.0
    /// The reply to DATA (section 4.5.3.2.4).
    package var dataSeconds = 120.0
    /// The relay taking up no byte of what is written to it (section 4.5.3.2.5).
    package var blockSeconds = 180.0
    /// The reply to the final dot (section 4.5.3.2.6).
    ///
    /// Never shorten it to free a slot: a reply not waited for is a message in doubt.
    package var messageSeconds = 600.0
    /// From the first byte of a reply to its last, except after the dot.
    ///
    /// At 500 bytes/s, which nobody honest stays below, it leaves room for the longest EHLO answer; it frees the slot
    /// that a trickling relay would hold for all of the limits above.
    package var replySeconds = 30.0
    /// Leave to send the final dot: relays give up on a silent client after three minutes (section 4.5.3.2.5), and we
    /// go first.
    package var leaveSeconds = 120.0
    /// The reply to QUIT; nothing depends on it.
    package var quitSeconds = 5.0
    /// A connection without work is given back.
    package var idleSeconds = 30.0
    /// A connection is renewed after this time, not after a count: a count lets the slowest host of a relay attract the
    /// traffic.
    package var lifetimeSeconds = 300.0

    package init() {}
}

extension SMTPTimeouts {
    /// The shortest limit, for whoever has to check them all.
    package var shortestSeconds: Double {
        [
            self.handshakeSeconds, self.greetingSeconds, self.envelopeSeconds, self.dataSeconds, self.blockSeconds,
            self.messageSeconds, self.replySeconds, self.leaveSeconds, self.quitSeconds, self.idleSeconds,
            self.lifetimeSeconds,
        ].reduce(self.connectSeconds, min)
    }
}
