import Foundation

/// Twilio's text messages: one that came in, or what became of one that went out.
package enum TwilioMessage {
    /// What a signed request tells.
    ///
    /// - Returns: Nothing for what is no message, such as a call, and for all that says neither that somebody wants no more nor that a
    ///   number is of no use.
    package static func read(_ form: FormBody) -> [WebhookEvent] {
        // The second name is the older one of both.
        guard let message = form.value("MessageSid") ?? form.value("SmsSid"), !message.isEmpty else { return [] }
        switch (form.value("MessageStatus") ?? form.value("SmsStatus"))?.lowercased() {
        case "failed", "undelivered": return Self.returned(form, message)
        case nil, "receiving", "received": return Self.came(form, message)
        default: return []
        }
    }

    private static func came(_ form: FormBody, _ message: String) -> [WebhookEvent] {
        guard let sender = form.value("From") else { return [] }
        // Its own verdict, by keywords that the account may have set; it is there only with Advanced Opt-Out.
        let verdict = form.value("OptOutType")?.uppercased() ?? ""
        let word = Self.word(form.value("Body") ?? "")
        let what: WebhookEvent.What
        switch true {
        case verdict == "STOP" || Self.leaving.contains(word): what = .unsubscribed
        case verdict == "START" || Self.returning.contains(word): what = .asksAgain
        default: return []
        }
        return [Self.event(what, sender, detail: "", id: "came:\(message)")]
    }

    private static func returned(_ form: FormBody, _ message: String) -> [WebhookEvent] {
        guard let recipient = form.value("To") else { return [] }
        let code = form.value("ErrorCode").flatMap { Int($0) } ?? 0
        let detail = code == 0 ? "" : "Twilio \(code)"
        return [Self.event(Self.what(code), recipient, detail: detail, id: "returned:\(message)")]
    }

    private static func event(
        _ what: WebhookEvent.What,
        _ number: String,
        detail: String,
        id: String
    ) -> WebhookEvent {
        // Other services name themselves, as in `rcs:+1…` and `whatsapp:+1…`: the person is the same.
        let number = number.split(separator: ":").last.map { String($0) } ?? ""
        return WebhookEvent(what: what, address: number, detail: detail, id: id, isTelephone: true)
    }

    /// By its dictionary of error codes.
    private static func what(_ code: Int) -> WebhookEvent.What {
        switch code {
        // No such number; no number for text messages: unknown (30005), a landline (30006, 21635), invalid (21211), no mobile one (21614).
        case 21_211, 21_614, 21_635, 30_005, 30_006: .permanent
        // The person sent STOP to it.
        case 21_610: .unsubscribed
        // Switched off or out of reach; nobody knows why.
        case 0, 30_003, 30_008, 30_017: .temporary
        // Blocked, filtered, an account without money or leave: it says nothing about the number.
        default: .policy
        }
    }

    /// What carriers take for the wish to get no more.
    private static let leaving: Set<String> = [
        "STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT",
    ]
    /// What they take for the wish to get them again.
    private static let returning: Set<String> = ["START", "UNSTOP"]

    /// A message in capitals, its blanks made one each, without what stands around it and the punctuation at its end.
    private static func word(_ text: String) -> String {
        let words = text.uppercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        var rest = words[...]
        while let last = rest.last, last.isPunctuation || last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}

/// The addresses that Twilio may have signed for a webhook that it was given.
package enum TwilioAddress {
    /// The address itself, and the one that differs by the port: depending on the port Twilio signs with or without it.
    ///
    /// - Parameter address: As in `https://go.example.org/w/texts`.
    /// - Returns: Two of them.
    package static func signed(_ address: String) -> [String] {
        guard let scheme = address.range(of: "://") else { return [address] }
        let rest = address[scheme.upperBound...]
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let host = rest[..<end]
        let start = address[..<scheme.upperBound]
        // An address of IPv6 has colons of its own, inside brackets.
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
            return [address, "\(start)\(host[..<colon])\(rest[end...])"]
        }
        return [address, "\(start)\(host):\(start.hasPrefix("https") ? 443 : 80)\(rest[end...])"]
    }
}
