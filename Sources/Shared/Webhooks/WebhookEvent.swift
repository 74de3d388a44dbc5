/// Something that a mail provider told of one message.
package struct WebhookEvent: Sendable, Equatable {
    /// What happened.
    package enum What: String, Sendable {
        case delivered
        /// The address is of no use any more.
        case permanent
        case temporary
        /// The provider or the receiver did not like the message or its sender.
        case policy
        case complained
        case unsubscribed
        /// Somebody who wanted no more asks for messages again.
        case asksAgain
        case opened
        case clicked
    }

    package let what: What
    /// Whom the message was for, or who sent one.
    package let address: String
    /// In words, as the provider gives them; may be empty.
    package let detail: String
    /// The same each time the provider tells of this.
    package let id: String
    /// The envelope's sender, which is our return path; empty when the provider does not tell.
    package let sender: String
    /// The address is a telephone number, and the message a text.
    package let isTelephone: Bool

    package init(
        what: What,
        address: String,
        detail: String,
        id: String,
        sender: String = "",
        isTelephone: Bool = false
    ) {
        self.what = what
        self.address = address
        self.detail = detail
        self.id = id
        self.sender = sender
        self.isTelephone = isTelephone
    }
}

/// What a request that is believed tells.
package enum WebhookNews: Sendable, Equatable {
    case events([WebhookEvent])
    /// The operator has to open this address once, or nothing will come.
    case confirm(String)
}

/// Why a request is not believed, as half a sentence.
package struct WebhookRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    package static let unsigned = Self("has no signature")
    package static let forged = Self("has a signature that is not its provider's")
    package static let stale = Self("is older or younger than its time allows")
    package static let repeated = Self("shows a signature that was shown before")
    package static let full = Self("came while as many others as can be remembered are")
    package static let strangeCertificate = Self("is not signed with a certificate that is configured")
    package static let strangeTopic = Self("is of a topic that is not configured")
    package static let weak = Self("is signed with SHA-1; set the topic's SignatureVersion to 2")
    package static let noForm = Self("is no form; webhooks of Twilio that have a JSON body are not taken")
    package static let unreadable = Self("is not what its provider sends")
}

/// One request as it came.
package struct WebhookRequest: Sendable {
    /// Names in lower case.
    package let headers: [String: String]
    package let body: [UInt8]

    package init(headers: [String: String], body: [UInt8]) {
        self.headers = headers
        self.body = body
    }

    /// Largest body: providers send batches of up to a thousand events.
    package static let bodyBytesMax = 2 * 1_024 * 1_024
    /// Events of one request.
    package static let eventsMax = 5_000
}
