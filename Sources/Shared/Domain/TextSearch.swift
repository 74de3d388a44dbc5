/// Looks for texts in bytes, whatever the case of ASCII letters.
///
/// All texts are looked for in one pass: by a short window of each, and where one may be, by comparing it whole.
package struct TextSearch: Sendable {
    /// Folded to lower case.
    private let texts: [[UInt8]]
    /// Whether the window of some text has this hash.
    private var mayBegin: [Bool]
    /// Which texts begin with a folded window.
    private var beginnings: [UInt64: [Int]] = [:]

    /// Shorter texts would be found by chance, and are not looked for.
    package static let bytesMin = 6
    /// Bytes by which a text is recognised.
    private static let window = 6
    private static let hashBits = 16

    /// - Parameter texts: Addresses and numbers; those shorter than ``bytesMin`` in UTF-8 are left out.
    package init(_ texts: some Sequence<String>) {
        self.texts = Set(texts.map { $0.utf8.map(Self.lowered) }.filter { $0.count >= Self.bytesMin })
            .sorted { $0.lexicographicallyPrecedes($1) }
        self.mayBegin = [Bool](repeating: false, count: 1 << Self.hashBits)
        for (index, text) in self.texts.enumerated() {
            let key = text.withUnsafeBytes { Self.key($0, at: 0) }
            self.mayBegin[Self.hash(key)] = true
            self.beginnings[key, default: []].append(index)
        }
    }

    /// There is nothing to look for.
    package var isEmpty: Bool { self.texts.isEmpty }

    /// Whether any of the texts is there.
    package func occurs(in bytes: some Sequence<UInt8>) -> Bool {
        Array(bytes).withUnsafeBytes { self.occurs(in: $0) }
    }

    /// Whether any of the texts is there.
    package func occurs(in bytes: UnsafeRawBufferPointer) -> Bool {
        guard !self.isEmpty, bytes.count >= Self.window else { return false }
        return self.mayBegin.withUnsafeBufferPointer { mayBegin in
            for start in 0...(bytes.count - Self.window) {
                let key = Self.key(bytes, at: start)
                guard mayBegin[Self.hash(key)], let candidates = self.beginnings[key] else { continue }
                if candidates.contains(where: { Self.matches(self.texts[$0], bytes, at: start) }) { return true }
            }
            return false
        }
    }

    private static func matches(_ text: [UInt8], _ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
        guard start + text.count <= bytes.count else { return false }
        for (offset, byte) in text.enumerated() where Self.lowered(bytes[start + offset]) != byte { return false }
        return true
    }

    /// The window at a place; upper and lower case give the same, and so do a few pairs of signs.
    private static func key(_ bytes: UnsafeRawBufferPointer, at start: Int) -> UInt64 {
        let low = UInt64(bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
        let high = UInt64(bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt16.self))
        return (low | high << 32) | 0x2020_2020_2020
    }

    private static func hash(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - Self.hashBits))
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
}
