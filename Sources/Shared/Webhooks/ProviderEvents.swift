import Foundation

/// SendGrid: a list of events.
enum SendGridEvents {
    private struct Event: Decodable {
        let event: String
        let email: String?
        let type: String?
        let status: String?
        let reason: String?
        let bounceClassification: String?
        let id: String?
        let isMachine: Bool?

        private enum CodingKeys: String, CodingKey {
            case event, email, type, status, reason
            case isMachine = "sg_machine_open"
            case bounceClassification = "bounce_classification"
            case id = "sg_event_id"
        }
    }

    /// An event, or something that is none: one of a kind that we do not know takes no other with it.
    private struct Item: Decodable {
        let event: Event?

        init(from decoder: any Decoder) throws { self.event = try? Event(from: decoder) }
    }

    static func read(_ body: [UInt8]) throws(WebhookRefusal) -> [WebhookEvent] {
        guard let items = try? JSONDecoder().decode([Item].self, from: Data(body)),
            items.count <= WebhookRequest.eventsMax
        else { throw .unreadable }
        return items.compactMap { item in
            guard let event = item.event, let what = Self.what(event), let address = event.email, let id = event.id
            else { return nil }
            let detail = [event.status, event.bounceClassification].compactMap(\.self).joined(separator: " ")
            return WebhookEvent(what: what, address: address, detail: detail, id: id)
        }
    }

    private static func what(_ event: Event) -> WebhookEvent.What? {
        switch event.event {
        case "delivered": .delivered
        case "bounce":
            // A "blocked" one says that this message was not wanted, not that the address is wrong.
            event.type == "blocked"
                ? .policy : WebhookEvent.What(refusal: event.reason, status: event.status, otherwise: .permanent)
        case "dropped": Self.dropped(event.reason ?? "")
        case "deferred": nil
        case "spamreport": .complained
        case "unsubscribe", "group_unsubscribe": .unsubscribed
        // Apple's servers open everything.
        case "open": event.isMachine == true ? nil : .opened
        case "click": .clicked
        default: nil
        }
    }

    /// SendGrid's own list had the address, and of unsubscribes and complaints that list knows more than we do.
    private static func dropped(_ reason: String) -> WebhookEvent.What? {
        switch reason.lowercased() {
        case "unsubscribed address": .unsubscribed
        case "spam reporting address": .complained
        case "bounced address", "invalid": .permanent
        default: nil
        }
    }
}

/// Mailgun: one event, with its signature inside.
enum MailgunEvent {
    struct Signature: Decodable {
        let timestamp: String
        let token: String
        let signature: String
    }

    private struct Body: Decodable {
        let signature: Signature
        let event: Event

        private enum CodingKeys: String, CodingKey {
            case signature
            case event = "event-data"
        }
    }

    private struct Event: Decodable {
        struct Envelope: Decodable {
            let sender: String?
        }

        struct Status: Decodable {
            let enhanced: String?
            /// What the receiver said; older requests have it in one field, newer ones in another, and some an empty one.
            let said: String?

            private enum CodingKeys: String, CodingKey {
                case message, description
                case enhanced = "enhanced-code"
            }

            /// What is no text is as if it were not there.
            init(from decoder: any Decoder) throws {
                let fields = try decoder.container(keyedBy: CodingKeys.self)
                self.enhanced = try? fields.decode(String.self, forKey: .enhanced)
                let texts = [CodingKeys.message, .description].map { try? fields.decode(String.self, forKey: $0) }
                self.said = texts.compactMap(\.self).first { !$0.isEmpty }
            }
        }

        let id: String
        let event: String
        let severity: String?
        let reason: String?
        let recipient: String?
        let envelope: Envelope?
        let status: Status?

        private enum CodingKeys: String, CodingKey {
            case id, event, severity, reason, recipient, envelope
            case status = "delivery-status"
        }
    }

    static func read(_ body: [UInt8]) throws(WebhookRefusal) -> (signature: Signature, event: WebhookEvent?) {
        guard let read = try? JSONDecoder().decode(Body.self, from: Data(body)) else { throw .unreadable }
        let event = read.event
        guard let what = Self.what(event), let address = event.recipient else { return (read.signature, nil) }
        let detail = [event.status?.enhanced, event.reason].compactMap(\.self).joined(separator: " ")
        let sender = event.envelope?.sender ?? ""
        return (
            read.signature, WebhookEvent(what: what, address: address, detail: detail, id: event.id, sender: sender)
        )
    }

    private static func what(_ event: Event) -> WebhookEvent.What? {
        switch event.event {
        case "delivered": return .delivered
        case "failed":
            // "suppress-…" says that Mailgun's own list had it: of unsubscribes and complaints that list knows more than we do.
            if event.reason == "suppress-unsubscribe" { return .unsubscribed }
            if event.reason == "suppress-complaint" { return .complained }
            // Codes of its own: too old, or a list that is full of other things.
            if event.reason == "old" || event.reason == "generic" { return .temporary }
            // Refused for what the receiver thinks of us.
            if event.reason == "espblock" || event.reason == "blacklisted" { return .policy }
            // "suppress-bounce": its own list had it, and what it says is its own.
            guard event.severity == "permanent", event.reason != "suppress-bounce" else {
                return event.severity == "permanent" ? .permanent : .temporary
            }
            let status = event.status
            return WebhookEvent.What(refusal: status?.said, status: status?.enhanced, otherwise: .permanent)
        case "complained": return .complained
        case "unsubscribed": return .unsubscribed
        case "opened": return .opened
        case "clicked": return .clicked
        default: return nil
        }
    }
}

/// Postmark: one event.
enum PostmarkEvent {
    private struct Body: Decodable {
        let recordType: String
        let id: Int64?
        let messageID: String?
        let type: String?
        let email: String?
        let recipient: String?
        let details: String?
        let suppressSending: Bool?
        let suppressionReason: String?
        let changedAt: String?

        private enum CodingKeys: String, CodingKey {
            case recordType = "RecordType"
            case id = "ID"
            case messageID = "MessageID"
            case type = "Type"
            case email = "Email"
            case recipient = "Recipient"
            case details = "Details"
            case suppressSending = "SuppressSending"
            case suppressionReason = "SuppressionReason"
            case changedAt = "ChangedAt"
        }
    }

    static func read(_ body: [UInt8]) throws(WebhookRefusal) -> WebhookEvent? {
        guard let read = try? JSONDecoder().decode(Body.self, from: Data(body)) else { throw .unreadable }
        guard let address = read.email ?? read.recipient else { return nil }
        let number = read.id.map(String.init) ?? ""
        let message = read.messageID ?? ""
        switch read.recordType {
        case "Bounce":
            guard let what = Self.what(read.type ?? "", read.details) else { return nil }
            return WebhookEvent(
                what: what,
                address: address,
                detail: read.type ?? "",
                id: "bounce:\(number):\(message)"
            )
        case "SpamComplaint":
            return WebhookEvent(what: .complained, address: address, detail: "", id: "complaint:\(number):\(message)")
        case "Delivery":
            return WebhookEvent(what: .delivered, address: address, detail: "", id: "delivery:\(message):\(address)")
        case "Open", "Click":
            let what: WebhookEvent.What = read.recordType == "Open" ? .opened : .clicked
            return WebhookEvent(what: what, address: address, detail: "", id: "\(what):\(message):\(address)")
        case "SubscriptionChange" where read.suppressSending == true && read.suppressionReason == "ManualSuppression":
            let id = "change:\(message):\(address):\(read.changedAt ?? "")"
            return WebhookEvent(what: .unsubscribed, address: address, detail: "", id: id)
        default: return nil
        }
    }

    /// By its table of bounce types.
    private static func what(_ type: String, _ details: String?) -> WebhookEvent.What? {
        switch type {
        case "HardBounce":
            WebhookEvent.What(refusal: details, status: nil, otherwise: .permanent) == .policy ? .policy : .permanent
        case "BadEmailAddress": .permanent
        case "SpamComplaint": .complained
        case "Unsubscribe": .unsubscribed
        case "SpamNotification", "Blocked", "ISPBlock", "DMARCPolicy", "VirusNotification", "TemplateRenderingFailed",
            "InboundError", "ManuallyDeactivated", "Unconfirmed", "OpenRelayTest":
            .policy
        case "AutoResponder", "ChallengeVerification", "AddressChange", "Subscribe": nil
        default: .temporary
        }
    }
}
