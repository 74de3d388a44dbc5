import Foundation

/// What a program says of itself in EHLO when the configuration says nothing.
package enum HelloName {
    /// This machine's name, if it is one that may stand in EHLO (RFC 5321 section 4.1.1.1); else `localhost`.
    package static var ofThisMachine: String { Self.allowed(ProcessInfo.processInfo.hostName) }

    static func allowed(_ name: String) -> String {
        let isName =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"): true
                default: false
                }
            }
        return isName ? name : "localhost"
    }
}
