import Domain
import Foundation
import Mail
import Signing
import Testing

/// dkimpy judges what was signed, where Python has it; the DNS is a dictionary.
@Suite struct DKIMPyTests {
    private struct Case: Encodable {
        let message: Data
    }

    /// Prints a line for each message with a signature that does not hold, or whose `h=` lacks what it must have.
    private static let script = """
        import base64, json, re, sys
        import dkim
        records = json.loads(sys.argv[2])
        def dnsfunc(name, timeout=5):
            return records.get(name.decode().rstrip('.'), '').encode() or None
        count = 0
        for line in open(sys.argv[1]):
            message = base64.b64decode(json.loads(line)['message'])
            count += 1
            fields = re.findall(rb'(?im)^dkim-signature:(?:.*\\r\\n)(?:[ \\t].*\\r\\n)*', message.split(b'\\r\\n\\r\\n', 1)[0] + b'\\r\\n')
            if len(fields) != 2:
                print(count, 'has', len(fields), 'signatures')
            for index, field in enumerate(fields):
                verifier = dkim.DKIM(message)
                try:
                    holds = verifier.verify(idx=index, dnsfunc=dnsfunc)
                except dkim.DKIMException as problem:
                    holds = problem
                if holds is not True:
                    print(count, index, 'does not hold', holds)
                names = re.sub(rb'\\s', b'', re.search(rb'h=([^;]*);', field).group(1)).lower().split(b':')
                for name in (b'list-unsubscribe', b'list-unsubscribe-post', b'subject', b'date', b'message-id', b'to'):
                    if name not in names:
                        print(count, index, 'does not sign', name)
                if names.count(b'from') != 2:
                    print(count, index, 'does not oversign from')
            spoiled = message.replace(b'\\r\\nSubject: ', b'\\r\\nSubject: x', 1)
            if any(dkim.DKIM(spoiled).verify(idx=i, dnsfunc=dnsfunc) for i in range(len(fields))):
                print(count, 'holds although it was changed')
        print('verified', count)
        """

    @Test("dkimpy accepts 500 random messages signed with both algorithms, and none that was changed")
    func verifies() throws {
        let python = ProcessInfo.processInfo.environment["POSTRIDER_PYTHON"] ?? "python3"
        guard try Self.run([python, "-c", "import dkim, nacl.signing"]).succeeded else {
            print("skipped: signatures judged by dkimpy; scripts/test-peers fetches it with PyNaCl")
            return
        }
        let keys = try SigningKey.Algorithm.allCases.map { algorithm in
            try SigningKey(
                pem: try SigningKey.makePEM(algorithm),
                domain: "campaign.example",
                selector: algorithm.rawValue
            )
        }
        let records = Dictionary(uniqueKeysWithValues: keys.map { ($0.recordName, $0.recordText) })
        let signers = [MessageSigner(keys, dotStuffed: true), MessageSigner(keys, dotStuffed: false)]
        let encoder = JSONEncoder()
        var lines = ""
        for seed in UInt64(1)...500 {
            var random = SplitMix64(seed)
            let isComposed = seed % 2 == 0
            let message = isComposed ? try RandomMessage.composed(&random) : RandomMessage.raw(&random)
            var signed: [UInt8] = []
            let isSigned = message.withUnsafeBytes {
                signers[isComposed ? 0 : 1].sign($0, seconds: 1_795_336_245, into: &signed)
            }
            #expect(isSigned)
            // What a receiver has: without the doubled dots.
            signed += isComposed ? RandomMessage.unstuffed(message) : message
            lines += String(decoding: try encoder.encode(Case(message: Data(signed))), as: UTF8.self) + "\n"
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString).jsonl")
        try Data(lines.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let text = String(decoding: try encoder.encode(records), as: UTF8.self)
        let report = try Self.run([python, "-c", Self.script, file.path, text])
        #expect(report.output == "verified 500\n")
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
