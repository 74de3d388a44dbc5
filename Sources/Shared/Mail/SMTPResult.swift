package import Domain

/// How far a message came when the relay's reply decided its fate.
package enum SMTPStage: Hashable, Sendable, CaseIterable {
    /// MAIL FROM was refused.
    case sender
    /// RCPT TO was refused.
    case recipient
    /// DATA was refused before any content was sent.
    case data
    /// The relay answered the final dot.
    case message
}

/// What came of a message that was given to a session: each gets exactly one.
package enum SMTPResult: Hashable, Sendable {
    /// The relay answered.
    case reply(RelayReply, stage: SMTPStage)
    /// The last byte may have gone out, and no reply came: in doubt.
    case noReply(problem: String)
    /// The connection failed while the message was under way, before its last byte: it was not sent, and the attempt
    /// counts.
    case connectionLost(problem: String)
    /// The message was never begun at the relay, or was withdrawn before its last byte: no attempt is used.
    case notBegun
    /// The relay ended a connection that had served others with this 421 and took nothing of the message.
    ///
    /// No attempt is used, but the relay asks for patience.
    case turnedAway(RelayReply)
}

/// Whether a connection to a relay is encrypted.
package enum TLSPolicy: String, Hashable, Sendable, CaseIterable {
    /// With a verified certificate, or nothing is sent.
    case required
    /// When the relay offers it; verified only when there are credentials to protect, which never travel in the clear.
    case opportunistic
    /// Never; then there must be no credentials.
    case off
}
