package import Domain

/// A column by which another program's export says that somebody must not be written to.
///
/// | column, in any spelling of its name | says so with |
/// |---|---|
/// | `unsubscribed`, `email_opt_out`, `do_not_contact`, `email1_is_bad`, `UNSUB_TIME` and the like | anything but no, 0, false, none |
/// | `email_opt_in`, `is_subscribed`, `mobile_opt_in` and the like | no, 0, false, or what a status says |
/// | `can2_subscription_status`, `email_status` and the like | `unsubscribed`, `bouncing`, `cleaned`, `spam complaint` and the like |
/// | `labels`, `tags`, `group membership` | one of them being `do not contact`, `unsubscribed` and the like |
///
/// An empty cell says nothing.
package struct OptOutColumn: Hashable, Sendable {
    /// From 0.
    package let column: Int
    /// On which channels it says so.
    package let channels: [SuppressionChannel]
    private let rule: Rule

    private enum Rule: Hashable {
        case whenTrue(SuppressionReason)
        case whenFalse
        case status
        case labels
    }

    /// - Returns: `nil` when a column of this name says nothing of the kind.
    init?(header: String, column: Int) {
        let name = Self.squeezed(header.utf8)
        let known = Self.known.first { $0.names.contains(name) }
        guard let known else { return nil }
        self.column = column
        self.channels = known.channels
        self.rule = known.rule
    }

    /// What a cell says; `nil` when nothing stands against writing.
    func reason(_ cell: UnsafeBufferPointer<UInt8>) -> SuppressionReason? {
        let value = cell.trimmed()
        guard !value.isEmpty else { return nil }
        switch self.rule {
        case .whenTrue(let reason):
            if let answer = FieldValueParser.boolean(value) { return answer ? reason : nil }
            return Self.nothing.contains(Self.squeezed(value)) ? nil : reason
        case .whenFalse:
            return FieldValueParser.boolean(value) == false ? .unsubscribed : Self.words[Self.squeezed(value)]
        case .status: return Self.words[Self.squeezed(value)]
        case .labels:
            let labels = value.split {
                $0 == ASCII.colon || $0 == ASCII.comma || $0 == ASCII.semicolon || $0 == ASCII.bar
            }
            return labels.lazy.compactMap { Self.labels[Self.squeezed($0)] }.first
        }
    }

    /// Letters and digits in lower case: `Do Not Contact`, `DoNotContact` and `do_not_contact` are one name.
    private static func squeezed(_ text: some Sequence<UInt8>) -> String {
        String(decoding: text.lazy.filter { $0.isLetter || $0.isDigit }.map(\.lowercased), as: UTF8.self)
    }

    /// What stands in a column of times or remarks for "never".
    private static let nothing: Set<String> = [
        "", "none", "null", "nil", "na", "never", "off", "unknown", "subscribed", "active", "00000000",
        "00000000000000",
    ]

    /// What a status says.
    private static let words: [String: SuppressionReason] = [
        "unsubscribed": .unsubscribed, "unsubscribe": .unsubscribed, "optedout": .unsubscribed, "optout": .unsubscribed,
        "blacklisted": .unsubscribed, "blocklisted": .unsubscribed, "removed": .unsubscribed,
        "donotcontact": .asked, "donotemail": .asked, "donotmail": .asked, "suppressed": .asked, "blocked": .asked,
        "bouncing": .bounced, "bounced": .bounced, "bounce": .bounced, "hardbounced": .bounced, "hardbounce": .bounced,
        "previousbounce": .bounced, "cleaned": .bounced, "invalid": .bounced, "undeliverable": .bounced,
        "bad": .bounced,
        "spamcomplaint": .complained, "complained": .complained, "complaint": .complained, "spam": .complained,
        "markedasspam": .complained, "previousspamcomplaint": .complained, "abuse": .complained,
    ]
    private static let labels: [String: SuppressionReason] = [
        "donotcontact": .asked, "donotemail": .asked, "dnc": .asked, "noemail": .asked, "unsubscribed": .unsubscribed,
        "optedout": .unsubscribed, "optout": .unsubscribed,
    ]

    private static let known: [(names: Set<String>, rule: Rule, channels: [SuppressionChannel])] = [
        (["donotcontact", "isdonotcontact", "nocontact"], .whenTrue(.asked), [.email, .sms]),
        (["donotemail", "noemail", "emaildonotcontact", "donotsendemail"], .whenTrue(.asked), [.email]),
        (
            [
                "unsubscribed", "isunsubscribed", "emailunsubscribed", "unsubscribe", "unsubscribedfromemail",
                "unsubscribedfromemails", "unsubscribedfromallemail", "optedout", "isoptedout", "optout", "emailoptout",
                "emailoptedout", "hasoptedout", "hasoptedoutofemail", "optedoutofemail", "globaloptout", "blacklist",
                "blacklisted", "blocklisted", "blocklist", "emailblacklisted", "emailblocklisted", "unsubtime",
                "unsubscribetime", "unsubscribedat", "emailunsubscribedat", "unsubscribedate", "unsubscribeddate",
                "dateunsubscribed", "unsubscribedtime", "unsubscribedon", "optouttime", "optoutdate", "optedoutat",
            ], .whenTrue(.unsubscribed), [.email]
        ),
        (
            [
                "emailisbad", "email1isbad", "isbademail", "bademail", "isemailbad", "bouncing", "isbouncing",
                "emailbouncing", "bounced", "emailbounced", "hardbounced", "emailbouncedat", "emailinvalid",
                "cleantime", "cleanedtime", "cleanedat",
            ], .whenTrue(.bounced), [.email]
        ),
        (
            [
                "emailoptin", "emailoptedin", "optin", "optedin", "isoptedin", "hasoptedin", "subscribed",
                "issubscribed",
                "emailsubscribed", "emailissubscribed", "marketingoptin", "emailmarketingoptin", "attendeeemailoptin",
                "emailconsent", "acceptsemailmarketing", "acceptsmarketing",
            ], .whenFalse, [.email]
        ),
        (
            [
                "can2subscriptionstatus", "subscriptionstatus", "emailstatus", "emailsubscriptionstatus",
                "emailmarketingstatus", "marketingstatus", "mailingstatus", "subscriberstatus", "memberstatus",
                "status",
            ], .status, [.email]
        ),
        (["labels", "label", "groupmembership", "tags", "groups"], .labels, [.email]),
        (
            [
                "smsoptout", "smsoptedout", "smsunsubscribed", "smsblacklisted", "smsblocklisted", "mobileoptout",
                "donottext",
            ],
            .whenTrue(.unsubscribed), [.sms]
        ),
        (["mobileoptin", "smsoptin", "phoneoptin", "smsoptedin", "mobileoptedin"], .whenFalse, [.sms]),
        (
            ["can2smsstatus", "can2smssubscriptionstatus", "smsstatus", "smssubscriptionstatus", "smsmarketingstatus"],
            .status, [.sms]
        ),
    ]
}

/// That a row says that its person must not be written to.
package struct RowOptOut: Hashable, Sendable {
    /// Of the batch, from 0.
    package let row: Int
    package let column: OptOutColumn
    package let reason: SuppressionReason
}
