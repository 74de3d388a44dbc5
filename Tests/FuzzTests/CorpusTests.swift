import Foundation
import FuzzTargets
import Testing

/// Tries the corpora of the fuzzer, and a little around them, in every test run; `make fuzz` looks for more.
@Suite("Parsers keep their laws")
struct CorpusTests {
    /// A committed input.
    struct Input: Sendable, CustomTestStringConvertible {
        let target: FuzzTarget
        let name: String
        let bytes: [UInt8]

        var testDescription: String { "\(self.target.name)/\(self.name)" }
    }

    static let corpus = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz/corpus")

    static let inputs: [Input] = FuzzTarget.all.flatMap { target in
        let folder = Self.corpus.appending(path: target.name)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().compactMap { name -> Input? in
            guard let bytes = try? Data(contentsOf: folder.appending(path: name)) else { return nil }
            return Input(target: target, name: name, bytes: [UInt8](bytes))
        }
    }

    /// Enough to notice a law that breaks easily; the fuzzer tries a million times as many.
    static let changesOfEach = 60

    @Test("every target has a corpus", arguments: FuzzTarget.all.map(\.name))
    func hasCorpus(target: String) {
        #expect(Self.inputs.count { $0.target.name == target } >= 5)
    }

    @Test("no folder of the corpus is without its target")
    func hasTarget() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
        #expect(Set(folders) == Set(FuzzTarget.all.map(\.name)))
    }

    @Test("laws hold for what is in the corpus, and for what is near it", arguments: Self.inputs)
    func laws(input: Input) throws {
        try input.target.check(input.bytes)
        try input.target.check([])
        let others = Self.inputs.filter { $0.target.name == input.target.name }
        for seed in 0..<Self.changesOfEach {
            var change = Change(seed: UInt64(seed))
            let other = others[change.next(below: others.count)].bytes
            let changed = change.applied(to: input.bytes, with: other)
            do { try input.target.check(changed) } catch {
                Issue.record("\(error), with change \(seed): \(Data(changed).base64EncodedString())")
                return
            }
        }
    }
}

/// One way to spoil bytes, chosen by its seed.
private struct Change {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next(below bound: Int) -> Int {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((self.state >> 33) % UInt64(max(1, bound)))
    }

    mutating func applied(to bytes: [UInt8], with other: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0...self.next(below: 3) {
            let start = self.next(below: result.count + 1)
            let end = min(result.count, start + self.next(below: 20))
            switch self.next(below: 6) {
            case 0 where start < result.count: result[start] ^= UInt8(1 << self.next(below: 8))
            case 1 where start < result.count: result[start] = UInt8(self.next(below: 256))
            case 2: result.removeSubrange(start..<end)
            case 3: result.insert(contentsOf: Array(result[start..<end]), at: self.next(below: result.count + 1))
            case 4: result = Array(result[..<start] + other[self.next(below: other.count + 1)...])
            default: result = Array(result[..<start])
            }
        }
        return result
    }
}
