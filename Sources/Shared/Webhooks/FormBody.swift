/// What a form posts (`application/x-www-form-urlencoded`), as names and values in bytes.
package struct FormBody: Sendable, Equatable {
    /// A name with its value, both decoded.
    package struct Pair: Sendable, Equatable {
        package let name: [UInt8]
        package let value: [UInt8]
    }

    /// As they came.
    package let pairs: [Pair]

    /// Names of one request: Twilio sends some forty, and two for each of ten pictures.
    package static let pairsMax = 256
    /// Largest body: a text of 1,600 characters, each up to twelve bytes, and the rest.
    package static let bytesMax = 64 * 1_024

    /// Reads a body.
    ///
    /// - Throws: ``WebhookRefusal/unreadable`` when it is too large, or has a `%` that no two hexadecimal digits follow.
    package init(_ body: [UInt8]) throws(WebhookRefusal) {
        guard body.count <= Self.bytesMax else { throw .unreadable }
        var pairs: [Pair] = []
        for part in body.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < Self.pairsMax else { throw .unreadable }
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = halves.count > 1 ? halves[1] : []
            pairs.append(Pair(name: try Self.decoded(halves[0]), value: try Self.decoded(value)))
        }
        self.pairs = pairs
    }

    /// A value as text; `nil` when there is none of this name, or more than one: which of them counts nobody says.
    package func value(_ name: String) -> String? {
        var found: [UInt8]?
        for pair in self.pairs where pair.name.elementsEqual(name.utf8) {
            guard found == nil || found == pair.value else { return nil }
            found = pair.value
        }
        return found.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Names and values on end: names in the order of their bytes, and of one name each different value once, in that order too.
    package var joined: [UInt8] {
        let sorted = self.pairs.sorted { first, second in
            first.name == second.name
                ? first.value.lexicographicallyPrecedes(second.value)
                : first.name.lexicographicallyPrecedes(second.name)
        }
        var (bytes, last): ([UInt8], Pair?) = ([], nil)
        for pair in sorted where pair != last {
            bytes += pair.name + pair.value
            last = pair
        }
        return bytes
    }

    private static func decoded(_ text: ArraySlice<UInt8>) throws(WebhookRefusal) -> [UInt8] {
        var (bytes, rest): ([UInt8], ArraySlice<UInt8>) = ([], text)
        bytes.reserveCapacity(text.count)
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(Self.digit), let low = rest.popFirst().flatMap(Self.digit)
                else { throw .unreadable }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
