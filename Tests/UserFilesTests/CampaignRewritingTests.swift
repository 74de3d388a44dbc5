import Domain
import Testing
import UserFiles

@Suite("Campaign files that are written anew")
struct CampaignRewritingTests {
    private static let block = """
        # A comment.
        name: 'caucus: first'   # another
        audience: {list: "o'hara"}
        from: "Ann Lee <ann@campaign.example>"
        headers: {X-One: "0123", X-Two: no}
        missing_field: {first_name: friend}
        variants:
          - name: a
            subject: "Hi {{first_name}}, \\u00e9 \\"q\\""
            text: |
              Dear {{first_name}},

                indented, with a blank at the end\u{20}
              # no comment
              \(String(repeating: "long ", count: 60))
          - {name: b, weight: 2, subject: s, text: "x\\r\\n\\ty "}
        budget: {max_messages: 5, max_cost: 2.50}
        """
    private static let json =
        #"{"name":"n","audience":"a = 'x: y'","from":"a@b.c","variants":[{"name":"v","subject":"s","text":"t\n"}]}"#

    @Test("audience and budget are others, and all else says the same", arguments: [Self.block, Self.json])
    func rewritten(source: String) throws {
        let before = try CampaignFile.parse(source, fileName: "c.yaml", files: [:])
        let rule = "(a = 'x: y') and unsent('c21')"
        let text = try CampaignFile.rewritten(source, file: "c.yaml", audience: rule, messagesMax: 70)
        let after = try CampaignFile.parse(text, fileName: "c.yaml", files: [:])
        #expect(after.audience == .expression(rule))
        #expect(after.budget == Budget(messagesMax: 70, costMax: nil))
        #expect(after.name == before.name && after.from == before.from && after.missingField == before.missingField)
        #expect(after.headers.map(\.name) == before.headers.map(\.name))
        #expect(after.headers.map(\.value.text) == before.headers.map(\.value.text))
        #expect(after.variants.map(\.name) == before.variants.map(\.name))
        #expect(after.variants.map(\.weight) == before.variants.map(\.weight))
        #expect(after.variants.map(\.subject.text) == before.variants.map(\.subject.text))
        #expect(after.variants.map { $0.text?.text } == before.variants.map { $0.text?.text })
        // Once more changes nothing.
        #expect(try CampaignFile.rewritten(text, file: "c.yaml", audience: rule, messagesMax: 70) == text)
    }

    @Test("what is not asked for stays")
    func kept() throws {
        let text = try CampaignFile.rewritten(Self.block, file: "c.yaml", audience: nil, messagesMax: 9)
        let after = try CampaignFile.parse(text, fileName: "c.yaml", files: [:])
        #expect(after.audience == .list("o'hara"))
        #expect(after.budget == Budget(messagesMax: 9, costMax: nil))
    }
}
