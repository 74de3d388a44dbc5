/// What a relay said it can do in its answer to EHLO (RFC 5321 section 4.1.1.1).
package struct SMTPCapabilities: Hashable, Sendable {
    /// Several commands may be sent without waiting (RFC 2920).
    package var pipelining = false
    /// RFC 3207.
    package var startTLS = false
    /// RFC 2034.
    package var enhancedStatusCodes = false
    /// RFC 6152; noted only: messages leave in 7 bits.
    package var eightBitMIME = false
    /// RFC 6531: addresses beyond ASCII.
    package var smtpUTF8 = false
    /// RFC 1870: sizes are understood.
    package var size = false
    /// Largest message in bytes; 0 when the relay names none.
    package var sizeMax = 0
    package var authPlain = false
    package var authLogin = false

    package init() {}

    /// - Parameter lines: The answer's lines without code, each ended by LF; the first is a greeting.
    init(lines: ArraySlice<UInt8>) {
        for line in lines.split(separator: 10, omittingEmptySubsequences: false).dropFirst() {
            // `AUTH=PLAIN` is what servers said before RFC 2554; some still say both.
            let words = line.split { $0 == 32 || $0 == 61 }.map { word in
                String(decoding: word, as: UTF8.self).uppercased()
            }
            guard let keyword = words.first else { continue }
            switch keyword {
            case "PIPELINING": self.pipelining = true
            case "STARTTLS": self.startTLS = true
            case "ENHANCEDSTATUSCODES": self.enhancedStatusCodes = true
            case "8BITMIME": self.eightBitMIME = true
            case "SMTPUTF8": self.smtpUTF8 = true
            case "SIZE":
                self.size = true
                self.sizeMax = words.count > 1 ? max(0, Int(words[1]) ?? 0) : 0
            case "AUTH":
                self.authPlain = self.authPlain || words.contains("PLAIN")
                self.authLogin = self.authLogin || words.contains("LOGIN")
            default: break
            }
        }
    }
}
