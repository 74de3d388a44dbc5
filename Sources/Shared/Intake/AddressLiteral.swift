/// Checks `[192.0.2.1]` and `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3).
enum AddressLiteral {
    /// Whether the text, with its brackets, is one.
    static func isValid(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count > 2, text.count <= 64, text[0] == 0x5B, text[text.count - 1] == 0x5D else { return false }
        let inner = UnsafeBufferPointer(rebasing: text[1..<(text.count - 1)])
        guard inner.count > 5, UnsafeBufferPointer(rebasing: inner[..<5]).equalsIgnoringCase("ipv6:") else {
            return self.isIPv4(inner[...])
        }
        return self.isIPv6(inner[5...])
    }

    private static func isIPv4(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let parts = text.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return false }
        return parts.allSatisfy { part in
            guard (1...3).contains(part.count), part.allSatisfy(\.isDigit) else { return false }
            return part.reduce(0) { $0 * 10 + Int($1 - ASCII.zero) } <= 255
        }
    }

    /// Eight groups of 16 bits; `::` stands for two groups of zeros or more, and a trailing IPv4 address for two
    /// groups.
    private static func isIPv6(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var parts = text.split(separator: ASCII.colon, omittingEmptySubsequences: false)
        // `::` at an end leaves two empty parts there; one of them stands for it, the other is cut off.
        let opens = parts.count > 2 && parts[0].isEmpty && parts[1].isEmpty
        if opens { parts.removeFirst() }
        let closes = parts.count > 1 && parts[parts.count - 1].isEmpty && parts[parts.count - 2].isEmpty
        if closes { parts.removeLast() }
        // A single colon at an end stands for nothing.
        guard opens || parts.first?.isEmpty == false, opens || closes || parts.last?.isEmpty == false else {
            return false
        }
        var groups = 0
        var gaps = 0
        for (index, part) in parts.enumerated() {
            if part.isEmpty {
                gaps += 1
            } else if index == parts.count - 1, part.contains(ASCII.dot) {
                guard self.isIPv4(part) else { return false }
                groups += 2
            } else {
                guard part.count <= 4, part.allSatisfy(\.isHexDigit) else { return false }
                groups += 1
            }
        }
        return gaps == 0 ? groups == 8 : gaps == 1 && groups <= 6
    }
}
