/// Words about the message, the rules of whoever is asked to take it, and the moment.
enum MessageWords {
    static let large = FailureWords.phrases(
        "message size|too large|big|exceed*|limit",
        "message is too large|big",
        "message too large|big",
        "size limit exceed*",
        "exceeds ...1 maximum|size|fixed",
        "maximum message",
        "too large",
        "message file too big",
        "message length exceeds"
    )
    static let malware = FailureWords.phrases("virus*", "malware", "infected", "malicious")
    static let spam = FailureWords.phrases(
        "spam*",
        "junk",
        "junkmail",
        "bulk mail",
        "unsolicited",
        "content ...1 rejected|filter*",
        "dnsbl",
        "rbl",
        "blacklist*",
        "black list*",
        "blocklist*",
        "block list*",
        "listed at|in|by|on",
        "reputation",
        "suspicious"
    )
    static let authentication = FailureWords.phrases(
        "spf",
        "dkim",
        "dmarc",
        "domainkeys",
        "authenticat*",
        "unauthenticated",
        "auth required",
        "sender policy",
        "arc validation"
    )
    static let reverse = FailureWords.phrases(
        "reverse dns",
        "ptr",
        "rdns",
        "fcrdns",
        "client host rejected",
        "cannot find your hostname|reverse",
        "does not resolve",
        "dynamic ip",
        "ip name|address lookup|possibly"
    )
    static let policy = FailureWords.phrases(
        "policy",
        "policies",
        "prohibited",
        "not allowed",
        "access denied",
        "permission",
        "denied",
        "administrative*",
        "security reason*|violation*",
        "banned",
        "sender ...1 rejected",
        "block*",
        "not permitted",
        "not authorized",
        "unauthorized",
        "refus* to",
        "too many",
        "rate limit*",
        "throttl*",
        "relay*"
    )
    static let temporary = FailureWords.phrases(
        "temporar*",
        "transient",
        "deferred",
        "greylist*",
        "graylist*",
        "try|retry again|later",
        "again later",
        "connection refused|reset|lost",
        "timed out",
        "timeout"
    )
}
