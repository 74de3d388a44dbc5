/// The words of mail systems, by what they mean.
///
/// In the order in which they are tried: what is said of the mailbox itself before what is said of us, and what may mean anything last.
enum FailureWords {
    static let ordered: [(reason: FailureReason, phrases: [Phrase])] = [
        (.policy, Self.aboutSender), (.mailboxFull, Self.full), (.tooLarge, Self.large), (.refusesMail, Self.refusing),
        (.moved, Self.moved),
        (.unknownMailbox, Self.unknown), (.unknownHost, Self.host), (.malware, Self.malware), (.spam, Self.spam),
        (.authentication, Self.authentication), (.reverseLookup, Self.reverse), (.policy, Self.policy),
        (.temporary, Self.temporary), (.suspended, Self.suspended), (.unknownMailbox, Self.vaguelyUnknown),
    ]

    private static func phrases(_ texts: String...) -> [Phrase] { texts.map { Phrase($0) } }

    /// What seems to be said of the recipient's address and is said of ours.
    private static let aboutSender = Self.phrases(
        "sender address ...2 rejected|refused|unknown|invalid|not|does|doesn't|domain",
        "sender ...1 domain ...3 not|unknown|doesn't|invalid",
        "domain of ...1 sender",
        "sender ...1 verify|verification",
        "unknown|bad|invalid sender"
    )
    private static let full = Self.phrases(
        "mailbox|inbox|account|user|recipient|disk|storage|maildrop ...4 full|overquota|exceed*",
        "mail box|drop ...4 full|exceed*",
        "over quota",
        "overquota",
        "quota exceeded|limit|full|violation",
        "exceed* ...2 quota|storage|disk",
        "out of storage",
        "not enough storage|disk|space",
        "insufficient ...1 storage|space|quota",
        "too much|many mail|messages data|in",
        "postfach|mailbox|speicher* ...4 voll|berf",
        "quota|kontingent ...3 berschritten",
        "quota ...3 d pass",
        "lettres|messagerie ...3 pleine|satur*",
        "buz n ...3 lleno",
        "correo ...3 lleno",
        "casella ...4 piena"
    )
    private static let large = Self.phrases(
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
    private static let refusing = Self.phrases(
        "doesn't|not accept mail|email|message|messages",
        "doesn't|not accept any mail|email|message|messages",
        "doesn't|not accept e mail",
        "null mx",
        "nullmx"
    )
    private static let moved = Self.phrases(
        "has moved",
        "no longer at|with|valid|here|available|exists|on|works|employed",
        "no longer in use",
        "changed ...1 address",
        "address has changed",
        "not our user"
    )
    private static let unknown = Self.phrases(
        "user|recipient|mailbox|account|address|addressee|userid|person unknown",
        "user|recipient|mailbox|account|address|addressee|userid|person ...2 unknown|recognized|known|found",
        "user|recipient|mailbox|account|address|addressee|userid|person ...1 doesn't|not exist|have",
        "doesnt exist",
        "unknown user|recipient|address|mailbox|account|local|addressee|virtual",
        "no such user|mailbox|person|recipient|address|account|local|name|addr",
        "no such ...2 here",
        "not ...1 valid|known|local user|mailbox|address|recipient",
        "not listed|found in",
        "no mailbox",
        "no account",
        "mailbox not found",
        "mailbox does",
        "invalid final|recipient|mailbox|user|address",
        "unrouteable address",
        "bad destination mailbox",
        "isn't a valid",
        "doesn't have a|an",
        "not have a|an account|mailbox",
        "not have an email|e",
        "address couldn't be found",
        "address could not be found",
        "there is no user",
        "not our customer",
        "no one by that name",
        "no recipient",
        "unknown or illegal alias",
        "is not known",
        "user n'existe",
        "n'existe pas",
        "nicht bekannt",
        "unbekannt*",
        "destinatario desconocido",
        "utilisateur inconnu",
        "inconnu|introuvable",
        "nicht ...1 gefunden|vorhanden",
        "existiert|existieren nicht",
        "no existe",
        "no ...2 encontrado|encontrada",
        "usuario|buz desconocido|inexistente",
        "utente|casella ...1 sconosciut*|inesistente",
        "non ...1 trovat*",
        "inexistente",
        "onbekende*",
        "nieznany|nieznan"
    )
    private static let host = Self.phrases(
        "host unknown",
        "host name ...1 unknown",
        "host ...3 not found",
        "unknown host",
        "domain ...1 not|unknown|doesn't",
        "domain does not exist",
        "domain ...6 does not exist",
        "domain ...6 doesn't exist",
        "no such domain",
        "bad destination host",
        "nxdomain",
        "unrouteable mail|maildomain",
        "unrouteable domain"
    )
    private static let malware = Self.phrases("virus*", "malware", "infected", "malicious")
    private static let spam = Self.phrases(
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
    private static let authentication = Self.phrases(
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
    private static let reverse = Self.phrases(
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
    private static let policy = Self.phrases(
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
    private static let temporary = Self.phrases(
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
    private static let suspended = Self.phrases(
        "suspend*",
        "discontinued",
        "disabled",
        "inactive",
        "locked",
        "frozen",
        "deactivated"
    )
    private static let vaguelyUnknown = Self.phrases(
        "recipient|address|user ...2 rejected|refused",
        "rejected address|recipient",
        "rejected the address|recipient",
        "mailbox unavailable",
        "not valid",
        "undeliverable address"
    )
}
