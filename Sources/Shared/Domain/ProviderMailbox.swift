/// Spellings that a large mailbox provider delivers to one mailbox: whoever wants no more mail there wants none under another spelling.
///
/// For suppression only: a message goes to the spelling that was imported, and two spellings stay two contacts. Only what providers
/// document is here; elsewhere `ann+news@` may be somebody else than `ann@`.
///
/// | provider | rule | source |
/// |---|---|---|
/// | Gmail | dots and `+tag` are left out; `googlemail.com` is `gmail.com` | support.google.com/mail/answer/7436150 and 10313 |
/// | Outlook.com | `+tag` is left out | techcommunity.microsoft.com, plus addressing |
/// | iCloud | `+tag` is left out; `me.com` and `mac.com` are `icloud.com` | support.apple.com/102540 |
/// | Fastmail | `+tag` is left out | fastmail.help, plus addressing |
/// | Proton | `+tag` is left out | proton.me/support/creating-aliases |
package enum ProviderMailbox {
    private struct Rule {
        /// What stands for the domain.
        let domain: StaticString
        var ignoresDots = false
    }

    private static func rule(_ domain: Slice<UnsafeRawBufferPointer>) -> Rule? {
        // Nearly every other domain is shorter or longer, or ends in something else.
        guard (5...14).contains(domain.count) else { return nil }
        switch String(decoding: domain, as: UTF8.self) {
        case "gmail.com", "googlemail.com": return Rule(domain: "gmail.com", ignoresDots: true)
        case "icloud.com", "me.com", "mac.com": return Rule(domain: "icloud.com")
        case "outlook.com": return Rule(domain: "outlook.com")
        case "hotmail.com": return Rule(domain: "hotmail.com")
        case "live.com": return Rule(domain: "live.com")
        case "msn.com": return Rule(domain: "msn.com")
        case "fastmail.com": return Rule(domain: "fastmail.com")
        case "proton.me": return Rule(domain: "proton.me")
        case "protonmail.com": return Rule(domain: "protonmail.com")
        case "pm.me": return Rule(domain: "pm.me")
        default: return nil
        }
    }

    /// What all spellings of a mailbox have in common.
    ///
    /// - Parameter key: UTF-8 of an ``EmailAddress/key``; anything else has no rule.
    /// - Returns: `nil` where it is the key itself.
    package static func common(ofKey key: UnsafeRawBufferPointer) -> [UInt8]? {
        let (at, plus, dot) = (UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "."))
        // A quoted local part is nobody's at these providers.
        guard let end = key.lastIndex(of: at), end > 0, key[0] != UInt8(ascii: "\""), key[0] != plus,
            let rule = Self.rule(key[(end + 1)...])
        else { return nil }
        var local = Array(key[..<end].prefix { $0 != plus })
        if rule.ignoresDots { local.removeAll { $0 == dot } }
        let common = local + [at] + rule.domain.withUTF8Buffer { Array($0) }
        return common.elementsEqual(key) ? nil : common
    }

    /// As ``common(ofKey:)``, of text.
    ///
    /// - Returns: The key itself where there is no rule.
    package static func common(ofKey key: String) -> String {
        var text = key
        return text.withUTF8 { Self.common(ofKey: UnsafeRawBufferPointer($0)) }
            .map { String(decoding: $0, as: UTF8.self) } ?? key
    }
}
