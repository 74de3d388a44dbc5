import Domain
import Foundation
import Testing

@testable import Mail

/// Python's `email` package reads what the composer wrote, where a `python3` is installed.
@Suite struct PythonEmailTests {
    private struct Case: Encodable {
        let message: Data
        let subject: String
        let name: String
        let headers: Int
        let text: String?
        let html: String?
    }

    /// Prints one line for each thing that is not as it should be.
    private static let script = """
        import base64, email, json, sys
        from email import policy
        def normal(text):
            return text.replace('\\r\\n', '\\n').removesuffix('\\n')
        count = 0
        for line in open(sys.argv[1], encoding='utf-8'):
            case = json.loads(line)
            m = email.message_from_bytes(base64.b64decode(case['message']), policy=policy.default)
            count += 1
            def check(what, got, want):
                if got != want:
                    print(count, what, ascii(got)[:300], 'instead of', ascii(want)[:300])
            check('subject', str(m['Subject']), case['subject'])
            mailbox = m['From'].addresses[0]
            # Older versions keep a blank between two encoded words of a name, and shorten runs of blanks.
            check('name', mailbox.display_name.replace(' ', ''), case['name'].replace(' ', ''))
            check('address', mailbox.addr_spec, 'ann@campaign.example')
            check('to', m['To'].addresses[0].addr_spec, 'joe@example.org')
            check('headers', len(m.items()), case['headers'])
            check('date', m['Date'].datetime.isoformat(), '2026-11-22T08:30:45+00:00')
            for part in m.walk():
                check('defects', [repr(d) for d in part.defects], [])
                for name, value in part.items():
                    check('defects of ' + name, [repr(d) for d in value.defects], [])
            for kind in ('plain', 'html'):
                want = case.get('text' if kind == 'plain' else 'html')
                part = m.get_body((kind,))
                got = None if part is None else normal(part.get_content())
                check(kind, got, None if want is None else normal(want))
        print('read', count)
        """

    @Test("Python's email package reads every message without defects and finds in it what went in")
    func reads() throws {
        guard try Self.run(["python3", "-c", "import email.policy"]).succeeded else {
            print("skipped: reading messages with Python, no python3 is installed")
            return
        }
        let cases = try (UInt64(1)...400).map { try Self.makeCase(seed: $0) }
        let encoder = JSONEncoder()
        let lines = try cases.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString).jsonl")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let report = try Self.run(["python3", "-c", Self.script, file.path])
        #expect(report.output == "read 400\n")
    }

    private static func makeCase(seed: UInt64) throws -> Case {
        var random = SplitMix64(seed)
        let first = HostileText.value(using: &random)
        let second = HostileText.value(using: &random)
        let hasText = Bool.random(using: &random)
        let hasHTML = !hasText || Bool.random(using: &random)
        let name = HostileText.value(using: &random)
        var sample = Sample()
        sample.dotStuffed = false
        sample.content.from = Mailbox(name: name, address: sample.content.from.address)
        sample.content.headers = [.init(name: "X-Extra", value: "{{second}}")]
        sample.content.variants[0] = .init(
            name: "v",
            subject: "About {{first}}",
            text: hasText ? "Hello {{first}}\n\n{{second}}." : "",
            html: hasHTML ? "<p>{{{second}}}</p>{{{first}}}\n" : ""
        )
        func clean(_ value: String) -> String {
            let bytes = Array(value.utf8).withUnsafeBufferPointer { HeaderText.neutralised($0) }
            return String(decoding: bytes, as: UTF8.self)
        }
        return Case(
            message: Data(try sample.message(first, second)),
            subject: clean("About \(first)"),
            name: clean(name),
            headers: hasText && hasHTML ? 8 : 9,
            text: hasText ? "Hello \(first)\n\n\(second).".withCRLF : nil,
            html: hasHTML ? "<p>\(second)</p>\(first)\n".withCRLF : nil
        )
    }

    private static func run(_ command: [String]) throws -> (succeeded: Bool, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus == 0, String(decoding: data.prefix(3_000), as: UTF8.self))
    }
}
