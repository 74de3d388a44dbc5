import Domain

/// What cells say that speak of leave to write, as letters and digits in lower case.
enum ConsentWords {
    /// What a status says.
    static let statuses: [String: SuppressionReason] = [
        "unsubscribed": .unsubscribed, "unsubscribe": .unsubscribed, "optedout": .unsubscribed, "optout": .unsubscribed,
        "neversubscribed": .unsubscribed, "notsubscribed": .unsubscribed, "nonsubscribed": .unsubscribed,
        "blacklisted": .unsubscribed, "blocklisted": .unsubscribed, "removed": .unsubscribed,
        "donotcontact": .asked, "donotemail": .asked, "donotmail": .asked, "suppressed": .asked, "blocked": .asked,
        "deceased": .asked,
        "bouncing": .bounced, "bounced": .bounced, "bounce": .bounced, "hardbounced": .bounced, "hardbounce": .bounced,
        "previousbounce": .bounced, "cleaned": .bounced, "invalid": .bounced, "undeliverable": .bounced,
        "bad": .bounced,
        "spamcomplaint": .complained, "complained": .complained, "complaint": .complained, "spam": .complained,
        "markedasspam": .complained, "previousspamcomplaint": .complained, "abuse": .complained,
    ]

    /// What means the same in whatever column it stands.
    static let unmistakable: [String: SuppressionReason] = [
        "unsubscribed": .unsubscribed, "optedout": .unsubscribed, "optout": .unsubscribed,
        "neversubscribed": .unsubscribed, "notsubscribed": .unsubscribed, "nonsubscribed": .unsubscribed,
        "withdrawn": .unsubscribed, "consentwithdrawn": .unsubscribed, "revoked": .unsubscribed,
        "consentrevoked": .unsubscribed, "blacklisted": .unsubscribed, "blocklisted": .unsubscribed,
        "donotcontact": .asked, "donotemail": .asked, "deceased": .asked, "hardbounced": .bounced,
        "hardbounce": .bounced, "cleaned": .bounced, "spamcomplaint": .complained, "markedasspam": .complained,
    ]

    static let labels: [String: SuppressionReason] = [
        "donotcontact": .asked, "donotemail": .asked, "dnc": .asked, "noemail": .asked, "deceased": .asked,
        "unsubscribed": .unsubscribed, "optedout": .unsubscribed, "optout": .unsubscribed,
    ]

    /// What a question about leave to write is answered with by those who do not give it.
    static let noes: Set<String> = [
        "withdrawn", "withdrew", "revoked", "consentwithdrawn", "consentrevoked", "denied", "declined", "refused",
        "rejected", "objected", "objection", "withheld", "notgiven", "notgranted", "notallowed", "notconsented",
        "notoptedin", "noconsent", "noconsentgiven", "nopermission", "disagree", "disagreed", "never", "none", "off",
        "unchecked", "nein", "non", "nee", "nej", "nie", "nao",
    ]

    /// And by those who do.
    static let yeses: Set<String> = [
        "subscribed", "active", "granted", "given", "agree", "agreed", "accepted", "allowed", "approved", "optedin",
        "optin", "doubleoptin", "singleoptin", "double", "single", "confirmed", "enabled", "on", "ok", "checked", "x",
        "consent", "consented", "express", "explicit", "implied", "implicit", "ja", "oui", "si", "sim", "tak",
        "newsletter", "email", "emails", "all",
    ]

    /// What stands in a column of times or remarks for "never".
    static let nothing: Set<String> = [
        "", "none", "null", "nil", "na", "never", "off", "unknown", "subscribed", "active", "00000000",
        "00000000000000",
    ]

    /// What stands in any cell that has nothing to say.
    static let empty: Set<String> = ["", "null", "nil", "na"]
}
