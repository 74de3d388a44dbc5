import Domain
import Testing

@testable import Intake

@Suite("Columns that speak of leave to write")
struct ConsentHeaderTests {
    private static func saying(_ header: String, _ cell: String) -> OptOutColumn.Saying? {
        guard let column = OptOutColumn(header: header, column: 0) else { return nil }
        var cell = cell
        return cell.withUTF8 { column.saying($0) }
    }

    @Test(
        "a definite no bars, on the channels that the name speaks of",
        arguments: [
            ("consent", "false", .unsubscribed, [.email, .sms]),
            ("consent", "withdrawn", .unsubscribed, [.email, .sms]),
            ("marketing_consent", "no", .unsubscribed, [.email, .sms]),
            ("gdpr_consent", "0", .unsubscribed, [.email, .sms]),
            ("GDPRConsent", "Revoked", .unsubscribed, [.email, .sms]),
            ("newsletter", "no", .unsubscribed, [.email]), ("Newsletter", "Nein", .unsubscribed, [.email]),
            ("newsletter_opt_in", "no", .unsubscribed, [.email]),
            ("email_permission", "false", .unsubscribed, [.email]),
            ("Marketing permissions", "no", .unsubscribed, [.email, .sms]),
            ("Email Permission Status", "Unsubscribed", .unsubscribed, [.email]),
            ("Email Marketing", "Never subscribed", .unsubscribed, [.email]),
            ("Email Marketing Status", "Non-Subscribed", .unsubscribed, [.email]),
            ("email_opt_in", "withdrawn", .unsubscribed, [.email]),
            ("hs_email_optout", "true", .unsubscribed, [.email]),
            ("Opted out of email: Marketing Information", "Yes", .unsubscribed, [.email]),
            ("email opt out", "2021-02-03", .unsubscribed, [.email]),
            ("global_opt_out_flag", "x", .unsubscribed, [.email, .sms]),
            ("contact_status", "unsubscribed", .unsubscribed, [.email, .sms]),
            ("sms_marketing_consent", "no", .unsubscribed, [.sms]), ("SMSOptIn", "0", .unsubscribed, [.sms]),
            ("consent_date", "withdrawn", .unsubscribed, [.email, .sms]),
            ("hardbounce", "1", .bounced, [.email, .sms]),
            ("Email hard bounce reason", "mailbox full", .bounced, [.email]),
            ("is_deceased", "true", .asked, [.email, .sms]), ("Deceased Date", "2020-05-06", .asked, [.email, .sms]),
            ("status", "Deceased", .asked, [.email, .sms]), ("tags", "donor, deceased", .asked, [.email, .sms]),
        ] as [(String, String, SuppressionReason, [SuppressionChannel])]
    )
    func bars(header: String, cell: String, reason: SuppressionReason, channels: [SuppressionChannel]) {
        #expect(Self.saying(header, cell) == .bars(reason, channels))
    }

    @Test(
        "a yes, a day, a title and an empty cell say nothing",
        arguments: [
            ("consent", "yes"), ("consent", ""), ("consent", "n/a"), ("consent", "2021-02-03 10:11:12"),
            ("consent", "Implied"), ("newsletter", "The Weekly Digest"), ("newsletter", "weekly"), ("newsletter", "1"),
            ("subscription", "Premium"), ("consent_date", "2021-02-03"), ("consent_date", "none"),
            ("consent_source", "none"),
            ("newsletter_count", "0"), ("unsubscribe_url", "https://x.example/u/1"), ("opt_out_reason", "yes"),
            ("hs_email_optout", "false"), ("hs_email_optout", "never"), ("email opt out", "subscribed"),
            ("contact_status", "active"),
            ("contact_status", "no"), ("hardbounce", "0"), ("is_deceased", "no"), ("is_deceased", "unknown"),
            ("photo_consent", "yes"), ("newsletter_sports", "yes"), ("phone_opt_out_of_calls", "no"),
        ]
    )
    func nothing(header: String, cell: String) { #expect(Self.saying(header, cell) == .nothing) }

    @Test(
        "what may be a no is unclear",
        arguments: [
            ("consent", "maybe"), ("marketing_consent", "pending"), ("email_opt_in", "unknown"),
            ("photo_consent", "no"), ("Parental consent", "withdrawn"), ("newsletter_sports", "no"),
            ("hs_email_optout_1234567", "true"), ("third_party_opt_out", "yes"), ("global_opt_out_flag", "see notes"),
        ]
    )
    func unclear(header: String, cell: String) { #expect(Self.saying(header, cell) == .unclear) }

    @Test(
        "ordinary columns are none of these",
        arguments: [
            "email", "first_name", "state", "zip", "bounce_rate", "age", "description", "donation_status",
            "order_status",
            "dead_line", "prescription", "options", "married", "studied", "deceased_spouse_name", "description_status",
        ]
    )
    func ordinary(header: String) { #expect(OptOutColumn(header: header, column: 0) == nil) }
}
