import Domain
import Foundation
import Testing

@testable import Intake

#if canImport(FoundationXML)
import FoundationXML
#endif

/// Runs the address tests that others wrote (isemail), when they are there.
@Suite("Address corpus")
struct AddressCorpusTests {
    @Test("under RFC 5321's grammar the corpus' own categories hold, all of them")
    func categories() throws {
        let cases = try AddressCorpus.load()
        for test in cases {
            let accepted = (try? AddressParser.parse(test.address, policy: .rfc5321).get()) != nil
            let expected = ["ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321"].contains(test.category)
            #expect(accepted == expected, "test \(test.id), \(test.category): \(test.address.debugDescription)")
        }
        #expect(cases.isEmpty || cases.count == 164)
    }

    /// Network addresses, domains without a dot and quoted blanks are refused in lists; blanks around an address are
    /// cut off.
    @Test("lists of contacts differ from the corpus in these, and in nothing else")
    func contacts() throws {
        let cases = try AddressCorpus.load()
        var differing: Set<Int> = []
        for test in cases {
            let byGrammar = (try? AddressParser.parse(test.address, policy: .rfc5321).get()) != nil
            let inLists = (try? AddressParser.parse(test.address).get()) != nil
            if byGrammar != inLists { differing.insert(test.id) }
        }
        let literals: Set = [61, 68, 72, 75, 77, 79, 81]
        let dotless: Set = [5, 166]
        let quotedBlank: Set = [55]
        let trimmed: Set = [157, 158]
        let expected = literals.union(dotless).union(quotedBlank).union(trimmed)
        #expect(cases.isEmpty || differing.symmetricDifference(expected).isEmpty, "\(differing.sorted())")
    }
}

/// The corpus beside the repository.
enum AddressCorpus {
    struct Case {
        var id = 0
        var address = ""
        var category = ""
    }

    static func load() throws -> [Case] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../../shared/corpora"
        )
        let file = folder.appendingPathComponent("email-addresses/tests.xml").standardizedFileURL
        guard FileManager.default.fileExists(atPath: file.path) else {
            print("skipped: no \(file.path)")
            return []
        }
        let reader = Reader()
        let parser = XMLParser(data: try Data(contentsOf: file))
        parser.delegate = reader
        #expect(parser.parse())
        return reader.cases
    }

    /// The corpus writes control characters as their pictures, U+2400 + code.
    private static func withControls(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let code = scalar.value >= 0x2400 && scalar.value <= 0x2421 ? scalar.value - 0x2400 : scalar.value
            result.append(Unicode.Scalar(code == 0x21 && scalar.value == 0x2421 ? 0x7F : code) ?? scalar)
        }
        return String(result)
    }

    private final class Reader: NSObject, XMLParserDelegate {
        var cases: [Case] = []
        var current = Case()
        var text = ""

        func parser(
            _ parser: XMLParser,
            didStartElement name: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            self.text = ""
            if name == "test" { self.current = Case(id: Int(attributes["id"] ?? "") ?? 0) }
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { self.text += string }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            switch name {
            case "address": self.current.address = AddressCorpus.withControls(self.text)
            case "category": self.current.category = self.text
            case "test": self.cases.append(self.current)
            default: break
            }
        }
    }
}
