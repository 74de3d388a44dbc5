import Domain
import Testing

@testable import Intake

@Suite("Addresses")
struct AddressParserTests {
    @Test(
        "an address is taken, trimmed, with its domain in lower-case A-labels",
        arguments: [
            ("ann@campaign.example", "ann@campaign.example"),
            ("  Ann.Lee+news@Campaign.EXAMPLE \t", "Ann.Lee+news@campaign.example"),
            ("ann@münchen.example", "ann@xn--mnchen-3ya.example"),
            ("ann@MÜNCHEN.example", "ann@xn--mnchen-3ya.example"),
            ("ann@faß.example", "ann@xn--fa-hia.example"),
            ("ann@例え.jp", "ann@xn--r8jz45g.jp"),
            ("ann@xn--MNCHEN-3ya.example", "ann@xn--mnchen-3ya.example"),
            ("\"ann,lee\"@campaign.example", "\"ann,lee\"@campaign.example"),
            ("o'brien@campaign.example", "o'brien@campaign.example"),
            ("a@b-c.d1.example", "a@b-c.d1.example"),
        ]
    )
    func taken(text: String, expected: String) throws {
        #expect(try AddressParser.parse(text).get().text == expected)
    }

    @Test(
        "what is no address is refused with its reason",
        arguments: [
            ("", .empty), ("   ", .empty), ("ann", .noAt), ("@campaign.example", .noLocalPart), ("ann@", .noDomain),
            ("ann@campaign", .noDot), ("ann@[192.0.2.1]", .addressLiteral), ("ann lee@campaign.example", .blankInside),
            ("ann@campaign. example", .blankInside), ("ann\r\n@campaign.example", .controlCharacter),
            ("ann@campaign.example\r\nRCPT TO:<x@y.example>", .controlCharacter),
            ("ann@campaign.example>", .angleBracket), ("<ann@campaign.example>", .angleBracket),
            ("ann>@campaign.example", .angleBracket), ("\"a>b\"@campaign.example", .angleBracket),
            ("\"a b\"@campaign.example", .blankInside), ("\"a\r\"@campaign.example", .controlCharacter),
            ("a..b@campaign.example", .localDots), ("a.@campaign.example", .localDots), (".a@c.example", .localDots),
            ("ann,lee@campaign.example", .localCharacter), ("jörg@campaign.example", .localNotASCII),
            ("ann@campaign..example", .labelEmpty), ("ann@.example", .labelEmpty),
            ("ann@campaign.example.", .labelEmpty),
            ("ann@-campaign.example", .labelHyphen), ("ann@campaign-.example", .labelHyphen),
            ("ann@camp_aign.example", .domainCharacter), ("ann@münchen/x.example", .domainCharacter),
            ("ann@lee@campaign.example", .domainCharacter), ("ann@xn--a.com", .domainNotConvertible),
            ("ann@\(String(repeating: "a", count: 64)).example", .labelTooLong),
            ("\(String(repeating: "a", count: 65))@campaign.example", .localTooLong),
            ("ann@\(String(repeating: "abcdefg.", count: 31))example", .tooLong),
            (String(repeating: "a", count: 100_000), .tooLong),
        ] as [(String, AddressProblem)]
    )
    func refused(text: String, problem: AddressProblem) {
        #expect(AddressParser.parse(text) == .failure(problem))
    }

    @Test("the size limits are exact")
    func limits() {
        let label = String(repeating: "a", count: 63)
        let local = String(repeating: "a", count: 64)
        let domain = "\(label).\(label).\(String(repeating: "a", count: 61))"
        #expect((try? AddressParser.parse("\(local)@\(domain)").get())?.text.utf8.count == 254)
        #expect(AddressParser.parse("\(local)@\(domain)a") == .failure(.tooLong))
    }

    @Test("bytes that are not UTF-8 are refused, in either part")
    func invalidBytes() {
        for bytes in [[0x61, 0xFF, 0x40, 0x61, 0x2E, 0x62], [0x61, 0x40, 0xE9, 0x2E, 0x62]] as [[UInt8]] {
            bytes.withUnsafeBufferPointer { buffer in
                #expect((try? AddressParser.parse(utf8: buffer).get()) == nil)
            }
        }
    }

    @Test("every problem says something of its own")
    func texts() {
        #expect(Set(AddressProblem.allCases.map(\.text)).count == AddressProblem.allCases.count)
    }

    @Test(
        "a mailbox is a name and an address",
        arguments: [
            ("Ann Lee <ann@campaign.example>", "Ann Lee", "ann@campaign.example"),
            ("ann@campaign.example", "", "ann@campaign.example"),
            ("<ann@campaign.example>", "", "ann@campaign.example"),
            ("\"Lee, Ann \\\"A\\\"\" <ann@campaign.example>", "Lee, Ann \"A\"", "ann@campaign.example"),
            ("Jörg Łukasz 例え <ann@campaign.example>", "Jörg Łukasz 例え", "ann@campaign.example"),
            ("\"a <b@c.example>\" <ann@campaign.example>", "a <b@c.example>", "ann@campaign.example"),
        ]
    )
    func mailbox(text: String, name: String, address: String) throws {
        let mailbox = try MailboxParser.parse(text).get()
        #expect(mailbox.name == name)
        #expect(mailbox.address.text == address)
    }

    @Test(
        "a mailbox that could break a header is refused",
        arguments: [
            "Ann\r\nBcc: x@y.example <ann@campaign.example>", "\"Ann <ann@campaign.example>",
            "Ann <ann@campaign.example",
            "Ann ann@campaign.example>", "Ann <>", "A \"b\" c <ann@campaign.example>",
            "\"Ann\\\" <ann@campaign.example>",
            "\"Ann\" Lee <ann@campaign.example>", "", "a@b.example, c@d.example",
            "\(String(repeating: "a", count: 257)) <ann@campaign.example>",
        ]
    )
    func badMailbox(text: String) {
        #expect((try? MailboxParser.parse(text).get()) == nil)
    }
}
