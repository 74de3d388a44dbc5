import Foundation

/// Amazon SES: one event about one message, for one or more recipients.
enum SESEvent {
    private struct Body: Decodable {
        let notificationType: String?
        let eventType: String?
        let mail: Mail
        let bounce: Bounce?
        let complaint: Complaint?
        let delivery: Delivery?
        let subscription: Subscription?
    }

    private struct Mail: Decodable {
        let messageId: String
        /// The envelope's sender: our return path.
        let source: String?
        let destination: [String]?
    }

    private struct Recipient: Decodable {
        let emailAddress: String
        let status: String?
        let diagnosticCode: String?
    }

    private struct Bounce: Decodable {
        let bounceType: String
        let bounceSubType: String?
        let bouncedRecipients: [Recipient]
    }

    private struct Complaint: Decodable {
        let complainedRecipients: [Recipient]
        let complaintFeedbackType: String?
    }

    private struct Delivery: Decodable {
        let recipients: [String]
    }

    /// Somebody used Amazon's own link or header to unsubscribe.
    private struct Subscription: Decodable {
        struct Preferences: Decodable {
            struct Topic: Decodable {
                let subscriptionStatus: String?
            }

            let unsubscribeAll: Bool?
            let topicSubscriptionStatus: [Topic]?
        }

        let newTopicPreferences: Preferences?

        /// Whether they want less than before: topics of Amazon's are no lists of ours, so it counts for all.
        var isFarewell: Bool {
            guard let new = self.newTopicPreferences else { return false }
            return new.unsubscribeAll == true
                || (new.topicSubscriptionStatus ?? []).contains { $0.subscriptionStatus == "OptOut" }
        }
    }

    static func read(_ text: String) throws(WebhookRefusal) -> [WebhookEvent] {
        guard let read = try? JSONDecoder().decode(Body.self, from: Data(text.utf8)) else { throw .unreadable }
        let kind = read.eventType ?? read.notificationType ?? ""
        let named = read.bounce?.bouncedRecipients.count ?? read.complaint?.complainedRecipients.count ?? 0
        guard named <= WebhookRequest.eventsMax else { throw .unreadable }
        func event(_ what: WebhookEvent.What, _ address: String, _ detail: String = "") -> WebhookEvent {
            WebhookEvent(
                what: what,
                address: address,
                detail: detail,
                id: "\(kind.lowercased()):\(read.mail.messageId):\(address)",
                sender: read.mail.source ?? ""
            )
        }
        switch kind {
        case "Bounce":
            guard let bounce = read.bounce else { throw .unreadable }
            return bounce.bouncedRecipients.map { recipient in
                let words = [bounce.bounceSubType, recipient.status, recipient.diagnosticCode]
                return event(
                    Self.what(bounce, recipient),
                    recipient.emailAddress,
                    words.compactMap(\.self).joined(separator: " ")
                )
            }
        case "Complaint":
            guard let complaint = read.complaint else { throw .unreadable }
            // A person's wish: machines report failed authentication and viruses, and take complaints back.
            let type = complaint.complaintFeedbackType ?? ""
            guard !["not-spam", "auth-failure", "virus"].contains(type) else { return [] }
            return complaint.complainedRecipients.map {
                event(.complained, $0.emailAddress, type)
            }
        case "Delivery":
            return (read.delivery?.recipients ?? []).prefix(WebhookRequest.eventsMax).map { event(.delivered, $0) }
        case "Subscription":
            guard read.subscription?.isFarewell == true else { return [] }
            return (read.mail.destination ?? []).prefix(1).map { event(.unsubscribed, $0) }
        case "Open": return (read.mail.destination ?? []).prefix(1).map { event(.opened, $0) }
        case "Click": return (read.mail.destination ?? []).prefix(1).map { event(.clicked, $0) }
        default: return []
        }
    }

    private static func what(_ bounce: Bounce, _ recipient: Recipient) -> WebhookEvent.What {
        if recipient.status?.hasPrefix("5.7.") == true { return .policy }
        switch bounce.bounceSubType {
        case "ContentRejected", "AttachmentRejected", "MessageTooLarge": return .policy
        // Amazon's own lists had it.
        case "Suppressed", "OnAccountSuppressionList": return .permanent
        default: break
        }
        guard bounce.bounceType == "Permanent" else { return .temporary }
        return WebhookEvent.What(
            refusal: recipient.diagnosticCode,
            status: recipient.status,
            otherwise: .permanent
        )
    }
}
