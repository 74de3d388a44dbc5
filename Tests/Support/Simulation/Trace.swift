import Domain

/// Everything that happened, folded into one number; and in words when somebody wants to read it.
struct Trace {
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var lines: [String] = []
    let keepsLines: Bool

    init(keepsLines: Bool) { self.keepsLines = keepsLines }

    mutating func fold(_ value: UInt64) {
        self.hash = SplitMix64.mix(self.hash ^ value) &+ SplitMix64.step
    }

    mutating func fold(_ value: Int64) { self.fold(UInt64(bitPattern: value)) }

    mutating func fold(_ bytes: [UInt8]) {
        var word: UInt64 = UInt64(bytes.count)
        for (index, byte) in bytes.enumerated() {
            word = word << 8 | UInt64(byte)
            if index & 7 == 7 { self.fold(word) }
        }
        self.fold(word)
    }

    mutating func fold(_ text: String) { self.fold(Array(text.utf8)) }

    mutating func line(_ time: Int64, _ text: @autoclosure () -> String) {
        if self.keepsLines { self.lines.append("\(time) \(text())") }
    }
}
