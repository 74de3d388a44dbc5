/// Words about the recipient's mailbox.
enum RecipientWords {
    static let full = FailureWords.phrases(
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
    static let refusing = FailureWords.phrases(
        "doesn't|not accept|receive mail|email|message|messages !from|with|without|containing|that|which|larger",
        "doesn't|not accept any mail|email|message|messages !from|with|without|containing|that|which",
        "doesn't|not accept e mail !from|with",
        "longer accept|accepts|accepting|receive|receives ...1 mail|email|messages|e !from|with",
        "null mx",
        "nullmx"
    )
    static let moved = FailureWords.phrases(
        "has moved",
        "no longer at|with|valid|here|available|exists|exist|on|works|work|employed|active|belongs",
        "no longer in use",
        "no longer a|an user|customer|member|employee|valid|active|account",
        "has|have|hat left ...2 company|organization|organisation|firm|school|university|us|institution",
        "changed ...1 address",
        "address has changed",
        "not our user"
    )
    /// It was there.
    static let gone = FailureWords.phrases(
        """
        mailbox|account|user|recipient|address|inbox|addressee ...2 has|have|is|was|been ...1 \
        deleted|removed|closed|terminated|cancelled|canceled|expired|retired|decommissioned|deprovisioned|abolished|obsolete
        """,
        "mailbox|account|address|user deleted|expired|closed|terminated|obsolete|deprovisioned",
        "deleted|closed|terminated|expired|deactivated user|mailbox|account",
        "never ...1 logged on|onto|into|in",
        "konto|postfach|benutzer|mailbox ...2 gel|geschlossen|aufgel",
        "compte|adresse ...3 supprim*|ferm*",
        "compte ...3 cl tur*"
    )
    static let unknown = FailureWords.phrases(
        """
        !your|ip|from|sender|sender's|return|envelope|reply|sending|helo \
        user|username|recipient|mailbox|account|address|addressee|userid|person|customer|login|inbox ...2 unknown
        """,
        """
        !your|ip|from|sender|sender's|return|envelope|reply|sending|helo \
        user|username|recipient|mailbox|account|address|addressee|userid|person|customer|login|inbox ...3 \
        not|isn't|wasn't|aren't|never|cannot|can't|couldn't ...2 \
        recognized|recognised|known|found|exist|exists|existing|listed|registered|located|here
        """,
        """
        !your|ip|from|sender|sender's|return|envelope|reply|sending|helo \
        user|recipient|mailbox|account|address|addressee|userid|person|dest|destination ...1 \
        doesn't|not|doesnt exist|have
        """,
        "user|recipient|mailbox|account|address|addressee|person ...9 does|did not exist|have",
        "user|recipient|mailbox|account|address|addressee|person ...9 doesn't|didn't|doesnt exist",
        "!your|ip|from|too unknown user|recipient|address|mailbox|account|local|addressee|virtual",
        "no such user|mailbox|person|recipient|address|account|local|name|addr|customer|email|destination",
        "no such ...2 here",
        "no valid recipient|recipients|mailbox|user",
        "not ...1 valid|known|local user|mailbox|address|recipient",
        "not listed|found in ...3 directory|table|database|book|ldap|map|alias*|virtual|system|domino|file",
        "no mailbox",
        "no account",
        "mailbox not found",
        "mailbox does",
        "!from|sender|return invalid|incorrect|nonexistent|nonexisting final|recipient|mailbox|user|address|rcpt|account|local",
        "unrouteable address",
        "bad destination mailbox",
        "bad recipient address",
        "isn't a valid ...1 user|mailbox|address|account|recipient|email",
        "isn't|aren't ...2 valid|known user|mailbox|address|account|recipient|customer",
        "doesn't have a|an ...3 account|mailbox|user|address|email|inbox",
        "not have a|an ...3 account|mailbox|inbox",
        "not have an email|e",
        "address couldn't be found",
        "address could not be found",
        "there is no user",
        "not our customer",
        "no one by that name",
        "no recipient",
        "unknown or illegal alias"
    )
    /// Sentences about a mailbox that cannot be boilerplate of something else.
    static let outright = FailureWords.phrases(
        "user|recipient|mailbox|account doesn't have|exist",
        "user|recipient|mailbox|account does not have|exist"
    )
    /// In other languages than English.
    static let unknownElsewhere = FailureWords.phrases(
        "user n'existe",
        "n'existe pas|plus",
        "nicht bekannt",
        "unbekannt*",
        "destinatario desconocido",
        "utilisateur inconnu",
        "inconnu|inconnue|introuvable",
        "nicht ...1 gefunden|vorhanden",
        "existiert|existieren nicht",
        "no existe",
        "no ...2 encontrado|encontrada",
        "usuario|buz desconocido|inexistente",
        "utente|casella|destinatario|indirizzo ...1 sconosciut*|inesistent*",
        "non ...1 trovat*",
        "non esiste",
        "inexistente",
        "n o existe|encontrad*",
        "onbekend*",
        "bestaat niet",
        "geen ...1 gebruiker|mailbox|postvak",
        "nieznany|nieznan",
        "nie istnieje|znaleziono",
        "ivatel|adresa ...2 neexist*",
        "schr nka neexist*",
        "findes|finnes|finns|eksisterer|existerar|hittades|fundet ikke|inte|ej",
        "ukendt|ukjent bruger|modtager|bruker|mottaker",
        "ei ole olemassa",
        "nu exist*",
        "nem l tezik",
        "bulunamad*",
        "не найден*",
        "не существует",
        "не знайден*",
        "не існує",
        "пользовател*|получател*|адрес|адресат|ящик ...1 неизвест*|удал*",
        "неизвестн* пользовател*|получател*|адрес*",
        "такого|такой пользовател*|адрес*|ящик* нет|не",
        "нет такого|такой пользовател*|адрес*|ящик*",
        "不 存 在",
        "未 找 到 ...3 用|收|邮|郵",
        "存 在 し ま せ|な",
        "存 在 し な",
        "見 つ か り ま せ",
        "존재하지*",
        "없는 사용자|주소|계정|메일*|수신*"
    )
    static let host = FailureWords.phrases(
        "host unknown",
        "host name ...1 unknown",
        "host ...3 not found",
        "unknown host",
        "domain ...1 unknown",
        "domain ...2 not found|known|exist|recognized|recognised|valid|registered",
        "domain does not exist",
        "domain ...6 does not exist",
        "domain ...6 doesn't exist",
        "no such domain|host",
        "bad destination host",
        "invalid domain",
        "nxdomain",
        "unrouteable mail|maildomain",
        "unrouteable domain"
    )
    static let suspended = FailureWords.phrases(
        "suspend*",
        "discontinued",
        "disabled",
        "inactive",
        "locked",
        "frozen",
        "deactivated"
    )
    /// What is said of mailboxes that are not there, and for other reasons, too.
    static let vaguelyUnknown = FailureWords.phrases(
        """
        !your|ip|from|sender|sender's|return|envelope|reply|sending|#ip \
        recipient|address|user|mailbox ...2 rejected|refused|invalid
        """,
        "rejected address|recipient",
        "rejected the address|recipient",
        "mailbox unavailable",
        "recipient|address|user|mailbox|account|alias ...3 not valid",
        "recipient ...1 verify|verification failed",
        "undeliverable address",
        "is not known"
    )
}
