/// Words about us: our host, our network, our domain, our address, or what we may do.
///
/// Whoever says them says nothing of the recipient, although words such as "unknown" or "not found" stand beside them.
enum SenderWords {
    /// What seems to be said of the recipient's address and is said of ours, in whatever text.
    static let address = FailureWords.phrases(
        "sender address ...2 rejected|refused|unknown|invalid|not|does|doesn't|domain",
        "sender|sender's|senders ...1 domain|account|mailbox|host ...3 not|unknown|doesn't|invalid",
        "domain of ...1 sender",
        "sender ...1 verify|verification|callout|callback",
        "unknown|bad|invalid|unauthenticated sender",
        "verify|verifying ...2 sender"
    )
    static let ours = FailureWords.phrases(
        // What belongs to whoever sends.
        """
        your|sending|sender|sender's|senders|originating|connecting|client|client's|submitting ...2 \
        ip|ips|domain|domains|host|hosts|hostname|server|servers|server's|network|networks|mta|mx|dns|ptr|helo|ehlo|\
        mailserver|isp|reputation|subnet|netblock|system
        """,
        "your|sender|sender's|senders|envelope|bounce|return|returning address|path",
        "your e|email ...1 address",
        "sender|sender's|senders ...2 rejected|refused|denied|unknown|invalid|not|does|doesn't|blocked|unverified",
        "envelope from|sender",
        "returnpath|backscatter",
        "reverse path",
        "mail from",
        "from header|field|line|domain|address",
        "!received|mail|message|email from ...3 invalid|valid",
        "valid|invalid from",
        "reply to address|header|field|domain",
        // Names in several languages for whoever sends.
        "absender*|mittente|remitente|remetente|afzender|expediteur|nadawc*|afsender*",
        "exp|l'exp diteur",
        "l'expediteur",
        "avs ndare*",
        "отправител*",
        "发 件 人",
        "寄 件 者|人",
        "送 信 者|元",
        // Where it comes from.
        "!or|an|no ip ...1 address|addresses",
        "dynamic|this|that|the|from|by|client|source|mail ip|ips",
        "address|from|ip|client|source|server #ip",
        "#ip ...1 not|is|has|was|block*|list*|reject*|refus*|ban*|exceed*",
        "accept|accepts|accepted|accepting|allow|receive ...1 mail|email|messages|message|connections ...1 from",
        "only accept|accepts",
        "helo|ehlo",
        "intrusion",
        "relaying|unauthorized|authorized|authorised host|client|server",
        "ip adresse|adressen",
        "your account",
        // How we behaved.
        "too many ...2 unknown|invalid|bad|connections|recipients|errors|failed|attempts|commands|non|hops",
        // The message itself.
        "header|headers",
        "message id",
        "attachment|attachments|url|urls|hyperlink",
        "message content|body|format",
        "tls|certificate"
    )
    /// Who we are was not proved.
    static let proof = FailureWords.phrases(
        "spf|dkim|dmarc|domainkeys",
        "sender policy framework",
        "authentication|authorization required|failed|failure|is|not|needed|check|results",
        "auth required",
        "please|must|not|isn't ...2 authenticate|authenticated",
        "not ...1 aligned|signed"
    )
    /// Our names are not in the domain name system as they should be.
    static let lookup = FailureWords.phrases(
        "ptr|rdns|fcrdns",
        "reverse dns|lookup|record|mapping|name",
        "dns mx|record|records|lookup|a",
        "mx or|and|record|records a|aaaa|for|in",
        "a or|and mx",
        "resource record",
        "cannot|can't|couldn't|not|unable ...2 resolve your|sender|sender's|hostname"
    )
    /// A list has us, or has us not.
    static let listed = FailureWords.phrases(
        "blacklist*|blocklist*|denylist*|blackhole*",
        "black|block|deny list|lists|listed",
        "dnsbl|rbl|uribl|surbl|dnsrbl|rhsbl|dbl",
        "whitelist*|allowlist*|safelist*",
        "white|allow|allowed|safe|approved|trusted|permitted|known|accepted ...1 list|lists|senders|sender",
        "allowed|permitted|trusted|accepted addresses|hosts|domains|ips|contacts",
        "in|on|not|your ...1 contacts",
        "found|listed in|on ...2 list",
        "#list|spamhaus|spamcop|barracudacentral|sorbs|senderscore",
        "reputation"
    )
}
