import Signing
import Testing

@Suite struct SigningKeyTests {
    /// The private key of RFC 8463, appendix A.1, as PKCS #8.
    private static let rfcKey = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----
        """

    @Test("the record of RFC 8463's key is the one that the RFC publishes")
    func publishedRecord() throws {
        let key = try SigningKey(pem: Self.rfcKey, domain: "football.example.com", selector: "brisbane")
        #expect(key.recordName == "brisbane._domainkey.football.example.com")
        #expect(key.recordText == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        #expect(key.zoneLine == "\(key.recordName). IN TXT \"\(key.recordText)\"")
    }

    @Test("a key that is made is read again as what it is", arguments: SigningKey.Algorithm.allCases)
    func made(algorithm: SigningKey.Algorithm) throws {
        let pem = try SigningKey.makePEM(algorithm)
        let key = try SigningKey(pem: pem, domain: "Example.ORG", selector: "S1")
        #expect(key.algorithm == algorithm)
        #expect(key.domain == "example.org")
        let again = try SigningKey(pem: key.pem, domain: "example.org", selector: "s1")
        #expect(again.recordText == key.recordText)
        // A string of the DNS has 255 characters at most.
        let strings = key.zoneLine.split(separator: "\"").filter { $0.contains("=") || $0.count > 40 }
        #expect(strings.allSatisfy { $0.count <= 255 })
    }

    @Test(
        "what is no key is refused with what is allowed",
        arguments: ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
    )
    func refused(text: String) {
        let problem = #expect(throws: SigningKey.Unusable.self) {
            try SigningKey(pem: text, domain: "example.org", selector: "s1")
        }
        #expect(problem?.message.contains("allowed: Ed25519 or RSA as PEM") == true)
    }

    @Test(
        "a key signs for its own domain and for those above and below it",
        arguments: [
            ("example.org", "example.org", true),
            ("example.org", "News.Example.ORG", true),
            ("mail.example.org", "example.org", true),
            ("mail.example.org", "news.example.org", false),
            ("example.org", "badexample.org", false),
            ("example.org", "example.org.evil.example", false),
            ("example.org", "example.com", false),
        ]
    )
    func alignment(domain: String, from: String, fits: Bool) throws {
        let key = try SigningKey(pem: Self.rfcKey, domain: domain, selector: "s1")
        #expect(key.fits(from: from) == fits)
        #expect((RelaySigning.keys([key]).keys(from: from) != nil) == fits)
        #expect((RelaySigning.keys([key]).problem(from: from, relay: "main") == nil) == fits)
        #expect(RelaySigning.relay.problem(from: from, relay: "main") == nil)
    }

    @Test(
        "names are checked as the DNS would have them",
        arguments: [
            ("example.org", true), ("a-b.example.org", true), ("example", false), ("-a.example", false),
            ("ex ample.org", false), ("example..org", false), ("bücher.example", false), ("", false),
        ]
    )
    func domains(text: String, isDomain: Bool) {
        #expect(SigningKey.isDomain(text) == isDomain)
    }
}
