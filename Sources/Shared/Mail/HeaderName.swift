/// The names of a campaign's own headers.
package enum HeaderName {
    /// Leaves room for a value on the same line.
    package static let lengthMax = 60

    /// Headers that Postrider writes, or that only a relay may write: a second one would change what the message is.
    private static let reserved: Set<String> = [
        "bcc", "cc", "date", "dkim-signature", "from", "message-id", "mime-version", "received", "reply-to",
        "return-path", "subject", "to",
    ]

    /// What is wrong with a name for an extra header.
    ///
    /// - Returns: `nil` when it may be used, else one sentence.
    package static func problem(_ name: String) -> String? {
        let bytes = Array(name.utf8)
        guard let first = bytes.first else { return "a header needs a name" }
        guard bytes.count <= Self.lengthMax else {
            return "the header name is longer than \(Self.lengthMax) characters"
        }
        let isToken = bytes.allSatisfy {
            Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        guard isToken, Self.isLetterOrDigit(first) else {
            return "the header name '\(Self.printable(name))' may have letters, digits, '-' and '_' only"
        }
        let lower = name.lowercased()
        if Self.reserved.contains(lower) || lower.hasPrefix("content-") {
            return "the header '\(name)' is written by Postrider or by relays and cannot be set"
        }
        return nil
    }

    private static func printable(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
