import Foundation

/// A message of Amazon's notification service (SNS), in which events of its mail service (SES) come.
struct SNSMessage: Decodable {
    enum Kind: String, Decodable {
        case notification = "Notification"
        /// The first message of a topic: nothing comes until somebody opens the address in it.
        case confirmation = "SubscriptionConfirmation"
        case farewell = "UnsubscribeConfirmation"
    }

    let kind: Kind
    let id: String
    let topic: String
    let subject: String?
    let message: String
    let timestamp: String
    let signatureVersion: String
    let signature: String
    let certificateURL: String
    let subscribeURL: String?
    let token: String?

    private enum CodingKeys: String, CodingKey {
        case kind = "Type"
        case id = "MessageId"
        case topic = "TopicArn"
        case subject = "Subject"
        case message = "Message"
        case timestamp = "Timestamp"
        case signatureVersion = "SignatureVersion"
        case signature = "Signature"
        case certificateURL = "SigningCertURL"
        case subscribeURL = "SubscribeURL"
        case token = "Token"
    }

    static func read(_ body: [UInt8]) throws(WebhookRefusal) -> SNSMessage {
        guard let read = try? JSONDecoder().decode(SNSMessage.self, from: Data(body)) else { throw .unreadable }
        return read
    }

    /// What is signed: names and values, each on a line, in the order of the names.
    var signed: [UInt8] {
        var parts: [(String, String?)] = [("Message", self.message), ("MessageId", self.id)]
        switch self.kind {
        case .notification: parts.append(("Subject", self.subject))
        case .confirmation, .farewell: parts.append(("SubscribeURL", self.subscribeURL))
        }
        parts.append(("Timestamp", self.timestamp))
        if self.kind != .notification { parts.append(("Token", self.token)) }
        parts += [("TopicArn", self.topic), ("Type", self.kind.rawValue)]
        var text = ""
        for case (let name, let value?) in parts { text += "\(name)\n\(value)\n" }
        return Array(text.utf8)
    }

    /// Whether an address is one of Amazon's: `https://sns.REGION.amazonaws.com/…`, in China with `.cn`.
    static func isAmazons(_ address: String) -> Bool {
        guard let url = URLComponents(string: address), url.scheme == "https", url.user == nil, url.port == nil,
            let host = url.host
        else { return false }
        var parts = host.split(separator: ".", omittingEmptySubsequences: false)
        if parts.last == "cn" { parts.removeLast() }
        guard parts.count == 4, parts[0] == "sns", parts.suffix(2) == ["amazonaws", "com"] else { return false }
        return parts[1].utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
