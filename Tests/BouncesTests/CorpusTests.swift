import Foundation
import Testing

@testable import Bounces

/// Runs the returned mails that others collected, when they are there.
@Suite("Returned mails", .enabled(if: BounceCorpus.isPresent, "the corpora beside the repository are not there"))
struct CorpusTests {
    @Test("complaints are complaints, of their type")
    func complaints() throws {
        for mail in try BounceCorpus.load() where mail.name.hasPrefix("arf-") {
            let found = ReturnedMail(mail.bytes)
            #expect(found.kind == .complaint, "\(mail.name)")
            #expect(found.feedbackType == mail.rows.first?.feedbackType, "\(mail.name)")
        }
    }

    @Test("at least 97 of a hundred recipients are found, and 92 judged right")
    func shares() throws {
        let rows = try BounceCorpus.load().flatMap { mail in
            let found = ReturnedMail(mail.bytes).recipients
            return mail.rows.map { row in
                let match = found.first { $0.address == row.recipient.lowercased() }
                return (row, match != nil, (match ?? found.first)?.isPermanent ?? false)
            }
        }
        let named = rows.filter { !$0.0.recipient.isEmpty }
        let right = named.count { $0.1 }
        let judged = rows.count { $0.2 == $0.0.isPermanent }
        #expect(right * 100 >= named.count * 97, "\(right) of \(named.count)")
        #expect(judged * 100 >= rows.count * 92, "\(judged) of \(rows.count)")
    }

    @Test("what is no notice is not taken for one")
    func others() throws {
        for mail in try BounceCorpus.load("not-bounces") {
            #expect(ReturnedMail(mail.bytes).kind != .bounce, "\(mail.name)")
        }
    }

    @Test("line ends make no difference")
    func lineEnds() throws {
        for mail in try BounceCorpus.load() {
            let plain = ReturnedMail(BounceCorpus.with([0x0A], mail.bytes))
            #expect(ReturnedMail(BounceCorpus.with([0x0D, 0x0A], mail.bytes)) == plain, "\(mail.name)")
            #expect(ReturnedMail(BounceCorpus.with([0x0D], mail.bytes)) == plain, "\(mail.name)")
        }
    }

    @Test("a mail that was cut off or damaged anywhere is still only a mail")
    func damage() throws {
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(1, bound)
        }
        for mail in try BounceCorpus.load().prefix(120) {
            var bytes = mail.bytes
            for _ in 0..<20 where !bytes.isEmpty { bytes[next(bytes.count)] = UInt8(truncatingIfNeeded: next(256)) }
            let found = ReturnedMail(Array(bytes.prefix(next(bytes.count))))
            #expect(found.recipients.count <= DeliveryStatus.recipientsMax + RecipientSearch.recipientsMax)
        }
    }
}

/// The corpus beside the repository.
enum BounceCorpus {
    struct Row {
        let recipient: String
        let isPermanent: Bool
        let feedbackType: String
    }

    struct Mail {
        let name: String
        let bytes: [UInt8]
        let rows: [Row]
    }

    private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/corpora/bounces").standardizedFileURL

    static var isPresent: Bool { FileManager.default.fileExists(atPath: Self.corpus.path) }

    static func load(_ folder: String = "mails") throws -> [Mail] {
        let rows = try Self.rows(Self.corpus.appendingPathComponent("expected.tsv"))
        let place = Self.corpus.appendingPathComponent(folder)
        return try FileManager.default.contentsOfDirectory(atPath: place.path).sorted().map { file in
            let name = file.replacingOccurrences(of: ".eml", with: "")
            return Mail(
                name: name,
                bytes: Array(try Data(contentsOf: place.appendingPathComponent(file))),
                rows: rows[name] ?? []
            )
        }
    }

    private static func rows(_ file: URL) throws -> [String: [Row]] {
        var rows: [String: [Row]] = [:]
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst() {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            try #require(columns.count == 8, "a line of the corpus has another form")
            let row = Row(recipient: columns[2], isPermanent: columns[6] == "true", feedbackType: columns[7])
            rows[columns[0], default: []].append(row)
        }
        return rows
    }

    /// The mail with all its lines ended by `end`.
    static func with(_ end: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var last: UInt8 = 0
        for byte in bytes {
            if byte == 0x0D || byte == 0x0A && last != 0x0D {
                result += end
            } else if byte != 0x0A {
                result.append(byte)
            }
            last = byte
        }
        return result
    }
}
