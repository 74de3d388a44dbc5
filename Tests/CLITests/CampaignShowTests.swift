import Foundation
import Testing

@testable import CLI

@Suite("What a campaign is, as it is shown")
struct CampaignShowTests {
    private static let digest = String(repeating: "ab", count: 32)

    private func lines(source: String) throws -> [String] {
        let document: [String: Any] = [
            "id": "c1", "name": "First", "state": "submitted", "revision": 2, "digest": Self.digest,
            "submitted_by": "operator", "submitted_at": "2026-11-03T09:00:00.000Z", "approved_by": NSNull(),
            "approved_at": NSNull(), "relay": "main", "file": "first.yaml", "source": source,
            "files": ["b.txt": "Bee", "a.txt": "Ay\n\nEnd\n"], "segments": ["iowa": "state = 'IA'"],
        ]
        let data = try JSONSerialization.data(withJSONObject: document)
        return CampaignShowCommand.lines(try JSONDecoder().decode(SubmittedText.self, from: data), style: .plain)
    }

    @Test("the digest comes first, then the file, the texts it names, and the segments")
    func whole() throws {
        let lines = try self.lines(source: "name: First\nbudget: {max_messages: 5}\n")
        #expect(lines.first == "c1  First  submitted")
        #expect(lines.contains { $0.hasPrefix("  digest") && $0.hasSuffix(Self.digest) })
        #expect(lines.contains { $0.contains("by operator, revision 2") })
        let wanted = [
            "first.yaml", "  name: First", "  budget: {max_messages: 5}", "", "a.txt", "  Ay", "", "  End", "", "b.txt",
            "  Bee", "", "segment iowa", "  state = 'IA'",
        ]
        #expect(Array(lines.suffix(wanted.count)) == wanted)
    }

    @Test("nothing that stands in the file passes for a line of ours, or acts on the terminal")
    func foreign() throws {
        let lines = try self.lines(source: "a: 1\r\n  digest  00\u{1B}[2K\u{2028}x\n\tb")
        #expect(lines.filter { $0.hasPrefix("  digest") && !$0.hasPrefix("    ") }.count == 1)
        #expect(!lines.joined().contains("\u{1B}"))
        #expect(lines.contains("      b"))
    }
}
