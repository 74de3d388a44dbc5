/// A parser with the laws that hold for it whatever it is given.
///
/// The same target serves the fuzzer, which looks for bytes that break it, and the ordinary tests, which try what was found.
package struct FuzzTarget: Sendable {
    /// Names the folder of its corpus.
    package let name: String
    /// Tries the bytes.
    ///
    /// Throws ``BrokenLaw``; a trap counts as well.
    package let check: @Sendable ([UInt8]) throws -> Void

    /// Every target.
    package static let all: [FuzzTarget] = [
        FuzzTarget(name: "address", check: AddressLaws.check),
        FuzzTarget(name: "campaign-file", check: FileLaws.checkCampaign),
        FuzzTarget(name: "contacts", check: ContactLaws.check),
        FuzzTarget(name: "expression", check: ExpressionLaws.check),
        FuzzTarget(name: "form", check: FormLaws.check),
        FuzzTarget(name: "message", check: MessageLaws.check),
        FuzzTarget(name: "returned-mail", check: ReturnedMailLaws.check),
        FuzzTarget(name: "settings-file", check: FileLaws.checkSettings),
        FuzzTarget(name: "smtp-reply", check: ReplyLaws.check),
        FuzzTarget(name: "smtp-session", check: SessionLaws.check),
        FuzzTarget(name: "table", check: TableLaws.check),
        FuzzTarget(name: "template", check: TemplateLaws.check),
        FuzzTarget(name: "wire", check: WireLaws.check),
    ]
}

/// What does not hold, and what was seen instead.
package struct BrokenLaw: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Throws ``BrokenLaw`` unless the condition holds.
func law(_ holds: Bool, _ description: @autoclosure () -> String) throws {
    guard holds else { throw BrokenLaw(description()) }
}

/// Cuts bytes into pieces, the same ones for the same bytes.
///
/// Taken from the bytes themselves, so that a corpus is made of plain tables, replies and templates, and every change that the
/// fuzzer makes tries other cuts as well.
struct Pieces {
    private var state: UInt64

    init(for bytes: [UInt8]) {
        self.state = bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// A number in `0 ..< bound`.
    mutating func next(below bound: Int) -> Int {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((self.state >> 33) % UInt64(max(1, bound)))
    }

    /// The bytes in order, some in one piece, some byte by byte.
    static func of(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var cuts = Pieces(for: bytes)
        let longest = [1, 2, 5, 40, 1_000][cuts.next(below: 5)]
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + 1 + cuts.next(below: longest))
            pieces.append(bytes[start..<end])
            start = end
        }
        return pieces
    }
}
