import Crypto
import Domain

/// The Message-ID of every target of a campaign: a keyed hash of where the target stands, so the same on every attempt.
///
/// `<` + 26 characters of lower-case base32 of HMAC-SHA256(key, lane + position, u32 big-endian each) + `@` + domain + `>`.
struct MessageIdentity {
    /// The hash with the key already taken in; copied for each message.
    private let keyed: HMAC<SHA256>
    /// `@domain>`.
    private let suffix: [UInt8]

    private static let characters = 26
    private static let digits = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// - Returns: `nil` when the domain is none.
    init?(key: [UInt8], domain: String) {
        let isDomain = domain.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isDomain, (1...255).contains(domain.utf8.count) else { return nil }
        self.keyed = HMAC(key: SymmetricKey(data: key))
        self.suffix = Array("@\(domain)>".utf8)
    }

    func append(lane: UInt32, position: UInt32, to out: inout MessageBytes) {
        var hash = self.keyed
        withUnsafeBytes(of: (lane.bigEndian, position.bigEndian)) { hash.update(data: $0) }
        out.append(UInt8(ascii: "<"))
        hash.finalize().withUnsafeBytes { Self.appendBase32($0, to: &out) }
        out.append(self.suffix)
    }

    /// Five bits a character, from the highest (RFC 4648 section 6).
    private static func appendBase32(_ bytes: UnsafeRawBufferPointer, to out: inout MessageBytes) {
        var buffer: UInt32 = 0
        var bits = 0
        var position = 0
        for _ in 0..<Self.characters {
            if bits < 5 {
                buffer = buffer << 8 | UInt32(bytes[position])
                position += 1
                bits += 8
            }
            bits -= 5
            out.append(Self.digits[Int(buffer >> UInt32(bits) & 31)])
        }
    }
}

/// A `Date` header (RFC 5322 section 3.3), made anew when the second changes.
struct MessageDate {
    private var second: Int64 = .min
    private var line: [UInt8] = []

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Date: Sun, 22 Nov 2026 08:30:45 +0000` and the line end.
    mutating func append(_ timestamp: Timestamp, to out: inout MessageBytes) {
        // Rounded down, also before 1970.
        let second = timestamp.milliseconds / 1_000 - (timestamp.milliseconds % 1_000 < 0 ? 1 : 0)
        if second != self.second {
            self.second = second
            self.line = Self.line(CivilTime(timestamp))
        }
        out.append(self.line)
    }

    private static func line(_ time: CivilTime) -> [UInt8] {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let day = "\(Self.weekdays[time.weekday]), \(time.day) \(Self.months[time.month - 1])"
        let year = String(repeating: "0", count: max(0, 4 - String(time.year).count)) + String(time.year)
        let clock = "\(two(time.hour)):\(two(time.minute)):\(two(time.second))"
        return Array("Date: \(day) \(year) \(clock) +0000\r\n".utf8)
    }
}
