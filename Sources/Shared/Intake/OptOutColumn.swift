package import Domain

/// A column by which another program's export says that somebody must not be written to.
///
/// | column, in any spelling of its name | says so with |
/// |---|---|
/// | `unsubscribed`, `email_opt_out`, `do_not_contact`, `email1_is_bad`, `UNSUB_TIME` and the like | anything but no, 0, false, none |
/// | `email_opt_in`, `is_subscribed`, `mobile_opt_in` and the like | no, 0, false, withdrawn, or what a status says |
/// | `can2_subscription_status`, `email_status` and the like | `unsubscribed`, `bouncing`, `cleaned`, `spam complaint` and the like |
/// | `labels`, `tags`, `group membership` | one of them being `do not contact`, `unsubscribed` and the like |
/// | other names that speak of it (``ConsentHeader``) | words that leave no doubt |
///
/// An empty cell says nothing.
package struct OptOutColumn: Hashable, Sendable {
    /// From 0.
    package let column: Int
    /// On which channels it says so.
    private let channels: [SuppressionChannel]
    private let rule: Rule

    enum Rule: Hashable {
        case whenTrue(SuppressionReason)
        case status
        case labels
        /// Asks for leave to write.
        case leave
        /// As ``leave``, or it holds a title.
        case newsletter
        /// Asks whether somebody wants no mail.
        case refusal
        /// Asks for leave to do something else, or for a part.
        case otherLeave
        /// Likewise, whether somebody does not want it.
        case otherRefusal
        /// Tells something about it.
        case remark
    }

    /// What a cell says.
    enum Saying: Hashable {
        /// Nothing stands against writing.
        case nothing
        case bars(SuppressionReason, [SuppressionChannel])
        /// It may mean that the person does not want mail.
        case unclear
    }

    /// The column with the address that it speaks of, where a person has several; `nil`: of the row's.
    let about: Int?

    /// Judges a column by its name; `nil` when it says nothing of the kind.
    ///
    /// - Parameters:
    ///   - header: Its name.
    ///   - column: Its place, from 0.
    ///   - headers: Of all columns.
    init?(header: String, column: Int, among headers: [String] = []) {
        self.column = column
        let name = Self.squeezed(header.utf8)
        // `email2_is_bad` stands beside `email2`.
        let address = name.hasPrefix("email") && name.hasSuffix("isbad") ? String(name.dropLast(5)) : ""
        self.about = address.count == 6 ? headers.firstIndex { Self.squeezed($0.utf8) == address } : nil
        if self.about != nil {
            self.channels = [.email]
            self.rule = .whenTrue(.bounced)
            return
        }
        if let known = Self.known.first(where: { $0.names.contains(name) }) {
            self.channels = known.channels
            self.rule = known.rule
        } else if let guess = ConsentHeader(header) {
            self.channels = guess.channels
            self.rule = guess.rule
        } else {
            return nil
        }
    }

    /// What a cell says.
    func saying(_ cell: UnsafeBufferPointer<UInt8>) -> Saying {
        let value = cell.trimmed()
        guard !value.isEmpty else { return .nothing }
        switch self.rule {
        case .whenTrue(let reason):
            if let answer = FieldValueParser.boolean(value) { return answer ? self.bars(reason) : .nothing }
            return ConsentWords.nothing.contains(Self.squeezed(value)) ? .nothing : self.bars(reason)
        case .status: return self.said(Self.squeezed(value), ConsentWords.statuses)
        case .labels:
            let labels = value.split {
                $0 == ASCII.colon || $0 == ASCII.comma || $0 == ASCII.semicolon || $0 == ASCII.bar
            }
            let known = labels.lazy.map(Self.squeezed).first { ConsentWords.labels[$0] != nil }
            return known.map { self.said($0, ConsentWords.labels) } ?? .nothing
        case .remark: return self.said(Self.squeezed(value), ConsentWords.unmistakable)
        case .leave, .newsletter, .otherLeave: return self.answer(value, asksForLeave: true)
        case .refusal, .otherRefusal: return self.answer(value, asksForLeave: false)
        }
    }

    /// What an answer to a question about leave to write, or about not wanting mail, means.
    private func answer(_ value: UnsafeBufferPointer<UInt8>, asksForLeave: Bool) -> Saying {
        let isOther = self.rule == .otherLeave || self.rule == .otherRefusal
        if let answer = FieldValueParser.boolean(value) {
            return answer == asksForLeave ? .nothing : isOther ? .unclear : self.bars(.unsubscribed)
        }
        let word = Self.squeezed(value)
        if isOther {
            return (asksForLeave ? ConsentWords.noes : ConsentWords.yeses).contains(word) ? .unclear : .nothing
        }
        if case .bars(let reason, let channels) = self.said(word, ConsentWords.statuses) {
            return .bars(reason, channels)
        }
        if ConsentWords.noes.contains(word) { return asksForLeave ? self.bars(.unsubscribed) : .nothing }
        if ConsentWords.yeses.contains(word) {
            // Whoever is subscribed has not opted out.
            let wants = asksForLeave || word == "subscribed" || word == "active" || word.hasSuffix("optin")
            return wants ? .nothing : self.bars(.unsubscribed)
        }
        if ConsentWords.empty.contains(word) || self.rule == .newsletter { return .nothing }
        // When it was given, or when it was taken back.
        if Self.isTime(value) { return asksForLeave ? .nothing : self.bars(.unsubscribed) }
        return .unclear
    }

    /// A day or a moment in some form: `2021-02-03`, `3.2.2021 4:05`.
    private static func isTime(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        let digits = value.reduce(0) { $0 + ($1.isDigit ? 1 : 0) }
        return value.first?.isDigit == true && digits >= 5 && value.count > digits
    }

    private func bars(_ reason: SuppressionReason) -> Saying { .bars(reason, self.channels) }

    private func said(_ word: String, _ words: [String: SuppressionReason]) -> Saying {
        guard let reason = words[word] else { return .nothing }
        // Whoever is dead gets no text messages either.
        return word == "deceased" ? .bars(reason, [.email, .sms]) : self.bars(reason)
    }

    /// Letters and digits in lower case: `Do Not Contact`, `DoNotContact` and `do_not_contact` are one name.
    private static func squeezed(_ text: some Sequence<UInt8>) -> String {
        String(decoding: text.lazy.filter { $0.isLetter || $0.isDigit }.map(\.lowercased), as: UTF8.self)
    }

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
            ], .leave, [.email]
        ),
        (
            [
                "can2subscriptionstatus", "subscriptionstatus", "emailstatus", "emailsubscriptionstatus",
                "emailmarketingstatus", "marketingstatus", "mailingstatus", "subscriberstatus", "memberstatus",
                "status",
            ], .status, [.email]
        ),
        (["marketing", "emailmarketing", "mailinglist", "mailings", "enews"], .newsletter, [.email]),
        (["labels", "label", "groupmembership", "tags", "groups"], .labels, [.email]),
        (
            [
                "smsoptout", "smsoptedout", "smsunsubscribed", "smsblacklisted", "smsblocklisted", "mobileoptout",
                "donottext",
            ],
            .whenTrue(.unsubscribed), [.sms]
        ),
        (["mobileoptin", "smsoptin", "phoneoptin", "smsoptedin", "mobileoptedin"], .leave, [.sms]),
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
    package let channels: [SuppressionChannel]
}

/// That a row says something about leave to write that may be a no, and that nothing was made of.
package struct RowUnclear: Hashable, Sendable {
    /// Of the batch, from 0.
    package let row: Int
    /// Of the table, from 0.
    package let column: Int
    /// Where the words stand in ``DecodedRows/bytes``.
    package let words: Range<UInt32>
}
