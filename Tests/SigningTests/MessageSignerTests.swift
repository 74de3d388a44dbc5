import Signing
import Testing

@Suite struct MessageSignerTests {
    private static func fields(of message: String, dotStuffed: Bool = true) throws -> [String] {
        let key = try SigningKey(pem: try SigningKey.makePEM(.ed25519), domain: "example.org", selector: "s1")
        let signer = MessageSigner([key], dotStuffed: dotStuffed)
        var out: [UInt8] = []
        #expect(Array(message.utf8).withUnsafeBytes { signer.sign($0, seconds: 1_795_336_245, into: &out) })
        return String(decoding: out, as: UTF8.self).split(separator: "\r\n ").map(String.init)
    }

    private static func tag(_ name: String, of message: String, dotStuffed: Bool = true) throws -> String {
        let text = try Self.fields(of: message, dotStuffed: dotStuffed).joined()
        let tags = text.split(separator: ";").map { $0.drop { $0 == " " } }
        return String(tags.first { $0.hasPrefix("\(name)=") }?.dropFirst(name.count + 1) ?? "")
    }

    @Test("what is signed are the fields that are there, From once more, and both List-Unsubscribe fields always")
    func names() throws {
        let message = "Subject: hi\r\nX-Other: no\r\nFROM : a@example.org\r\nfrom: b@example.org\r\n\r\nHello\r\n"
        // A blank before the colon is obsolete, and no mailer of ours writes it: that field is not signed, and the name is sealed.
        let names = try Self.tag("h", of: message)
        #expect(names == "from:subject:from:list-unsubscribe:list-unsubscribe-post")
        let full =
            "From: a@example.org\r\nList-Unsubscribe: <https://x.example>\r\n"
            + "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nReply-To: c@example.org\r\n\r\n"
        #expect(
            try Self.tag("h", of: full)
                == "from:reply-to:list-unsubscribe:list-unsubscribe-post:from:list-unsubscribe:list-unsubscribe-post"
        )
    }

    @Test(
        "bodies that are one in relaxed form have one hash",
        arguments: [
            ("", ["\r\n", "\r\n\r\n", " \t\r\n"]),
            ("a b\r\n", ["a b", "a  b\r\n", "a\tb \r\n", "a b\r\n\r\n\r\n", "a b\r\n \r\n\t"]),
            ("\r\n\r\na\r\n", [" \r\n\t\r\na"]),
            (" a\r\n.b\r\n", ["\t\ta\r\n..b\r\n", "  a   \r\n..b"]),
            ("a\rb\nc\r\n", ["a\rb\nc"]),
        ]
    )
    func relaxed(plain: String, others: [String]) throws {
        let wanted = try Self.tag("bh", of: "From: a@b.example\r\n\r\n\(plain)", dotStuffed: false)
        for other in others {
            #expect(try Self.tag("bh", of: "From: a@b.example\r\n\r\n\(other)") == wanted, "\(other.debugDescription)")
        }
    }

    @Test("the hash of an empty body is the one that everybody knows")
    func emptyBody() throws {
        #expect(try Self.tag("bh", of: "From: a@b.example\r\n\r\n") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    }

    @Test("no line of a signature is longer than 78 characters")
    func lines() throws {
        let key = try SigningKey(pem: try SigningKey.makePEM(.rsa), domain: "example.org", selector: "s1")
        var out: [UInt8] = []
        let message = Array(
            "From: a@example.org\r\nTo: b@example.org\r\nDate: now\r\nMessage-ID: <1@a>\r\n\r\nx\r\n".utf8
        )
        #expect(message.withUnsafeBytes { MessageSigner([key, key]).sign($0, seconds: 1, into: &out) })
        let lines = String(decoding: out, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.utf8.count <= 78 })
        #expect(lines.count { $0.hasPrefix("DKIM-Signature: ") } == 2)
        #expect(lines.last == "")
    }
}
