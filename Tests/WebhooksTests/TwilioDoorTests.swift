import Crypto
import Foundation
import Testing
import Webhooks

@Suite struct TwilioDoorTests {
    private static let address = "https://go.example.org/w/texts"
    private static let token = "12345"

    private static func form(_ pairs: [(String, String)]) -> [UInt8] {
        var safe = CharacterSet.alphanumerics
        safe.insert(charactersIn: "-._~")
        func coded(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: safe) ?? "" }
        return Array(pairs.map { "\(coded($0))=\(coded($1))" }.joined(separator: "&").utf8)
    }

    private static func sign(_ address: String, _ pairs: [(String, String)], _ token: String = Self.token) -> String {
        let text = pairs.sorted { $0.0 < $1.0 }.reduce(address) { "\($0)\($1.0)\($1.1)" }
        let code = HMAC<Insecure.SHA1>.authenticationCode(
            for: Array(text.utf8),
            using: SymmetricKey(data: Array(token.utf8))
        )
        return Data(code).base64EncodedString()
    }

    private static func request(
        _ body: [UInt8],
        _ signature: String?,
        type: String? = "application/x-www-form-urlencoded; charset=UTF-8"
    ) -> WebhookRequest {
        var headers: [String: String] = [:]
        headers["x-twilio-signature"] = signature
        headers["content-type"] = type
        return WebhookRequest(headers: headers, body: body)
    }

    private static func door(_ address: String = Self.address) -> WebhookDoor {
        WebhookDoor(.twilio(token: Array(Self.token.utf8), addresses: TwilioAddress.signed(address)))
    }

    private static func events(_ pairs: [(String, String)]) throws -> [WebhookEvent] {
        var door = Self.door()
        let news = try door.open(Self.request(Self.form(pairs), Self.sign(Self.address, pairs)), at: 0)
        guard case .events(let events) = news else { return [] }
        return events
    }

    private static func refusal(_ request: WebhookRequest, _ door: WebhookDoor = Self.door()) -> WebhookRefusal? {
        var door = door
        do throws(WebhookRefusal) {
            _ = try door.open(request, at: 0)
            return nil
        } catch {
            return error
        }
    }

    private static let call = [
        ("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675309"), ("Digits", "1234"), ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]

    /// Addresses and signatures of the vendor's own tests; its token there is 12345.
    @Test(
        "the vendor's own signatures are believed, with and without the port, and one name with several values",
        arguments: [
            ("https://mycompany.com/myapp.php?foo=1&bar=2", Self.call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://mycompany.com:1234/myapp.php?foo=1&bar=2", Self.call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", Self.call, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
            ("https://mycompany.com/myapp.php?foo=1&bar=2", Self.call, "kvajT1Ptam85bY51eRf/AJRuM3w="),
            ("http://mycompany.com/myapp.php?foo=1&bar=2", Self.call, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
            (
                "https://mycompany.com/myapp.php?foo=1&bar=2",
                [
                    ("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"),
                    ("Digits", "5678"),
                ],
                "IK+Dwps556ElfBT0I3Rgjkr1wJU="
            ),
        ]
    )
    func vendor(address: String, pairs: [(String, String)], signature: String) {
        #expect(Self.refusal(Self.request(Self.form(pairs), signature), Self.door(address)) == nil)
        #expect(Self.refusal(Self.request(Self.form(pairs), signature), Self.door(address + "x")) == .forged)
        let changed = pairs.map { ($0.0, $0.1 + "1") }
        #expect(Self.refusal(Self.request(Self.form(changed), signature), Self.door(address)) == .forged)
    }

    @Test("addresses are tried with and without the port")
    func addresses() {
        let plain = TwilioAddress.signed("https://a.example/w/t")
        #expect(plain == ["https://a.example/w/t", "https://a.example:443/w/t"])
        #expect(TwilioAddress.signed("http://[::1]:80/w/t") == ["http://[::1]:80/w/t", "http://[::1]/w/t"])
        #expect(TwilioAddress.signed("http://[::1]/w/t") == ["http://[::1]/w/t", "http://[::1]:80/w/t"])
    }

    @Test("requests are refused when they are forged, unsigned, signed for another address, or no form")
    func forged() {
        let pairs = [("MessageSid", "SM1"), ("From", "+15155550100"), ("Body", "STOP")]
        let (body, good) = (Self.form(pairs), Self.sign(Self.address, pairs))
        #expect(Self.refusal(Self.request(body, good)) == nil)
        #expect(Self.refusal(Self.request(body, nil)) == .unsigned)
        #expect(Self.refusal(Self.request(body, "")) == .forged)
        #expect(Self.refusal(Self.request(body, Self.sign(Self.address, pairs, "other"))) == .forged)
        #expect(Self.refusal(Self.request(body, Self.sign("https://evil.example/w/texts", pairs))) == .forged)
        #expect(Self.refusal(Self.request(body + Array("&To=1".utf8), good)) == .forged)
        for index in good.indices {
            var text = good
            text.replaceSubrange(index...index, with: good[index] == "A" ? "B" : "A")
            #expect(Self.refusal(Self.request(body, text)) == .forged)
        }
        #expect(Self.refusal(Self.request(Array("{}".utf8), good, type: "application/json")) == .noForm)
        #expect(Self.refusal(Self.request(body, good, type: nil)) == .noForm)
    }

    @Test(
        "bodies that are no form are refused",
        arguments: [
            "a=%", "a=%4", "a=%zz", "%=a", String(repeating: "a=1&", count: FormBody.pairsMax + 1),
            String(repeating: "a", count: FormBody.bytesMax + 1),
        ]
    )
    func unreadable(body: String) {
        #expect(Self.refusal(Self.request(Array(body.utf8), "x")) == .unreadable)
    }

    @Test("a form is read with blanks, codes, empty values and names that come twice")
    func forms() throws {
        let form = try FormBody(Array("b=x+y%26&a=%C3%A9&&b=&c&a=%c3%a9".utf8))
        #expect(form.value("a") == "é")
        // Nobody says which of them counts.
        #expect(form.value("b") == nil)
        #expect(form.value("c")?.isEmpty == true)
        #expect(form.value("d") == nil)
        #expect(String(decoding: form.joined, as: UTF8.self) == "aébbx y&c")
    }

    private static let words: [(body: String, type: String?, what: WebhookEvent.What?)] = [
        ("STOP", nil, .unsubscribed), ("  stop. ", nil, .unsubscribed), ("Stop\u{00A0}all!!", nil, .unsubscribed),
        ("StopAll", nil, .unsubscribed), ("unsubscribe", nil, .unsubscribed), ("Cancel\n", nil, .unsubscribed),
        ("END", nil, .unsubscribed), ("quit?!", nil, .unsubscribed), ("REVOKE", nil, .unsubscribed),
        ("optout", nil, .unsubscribed), ("no more", "STOP", .unsubscribed), ("arrêt", "stop", .unsubscribed),
        ("STOP", "HELP", .unsubscribed), ("START", nil, .asksAgain), ("unstop.", nil, .asksAgain),
        ("ja", "START", .asksAgain), ("please stop by", nil, nil), ("HELP", "HELP", nil), ("", nil, nil),
        ("...", nil, nil),
        ("Yes", nil, nil), ("STOP" + String(repeating: " ", count: 100), nil, .unsubscribed),
    ]

    @Test("messages that come in are read by the carriers' keywords and by Twilio's verdict", arguments: Self.words)
    func incoming(body: String, type: String?, what: WebhookEvent.What?) throws {
        var pairs = [("MessageSid", "SM1"), ("From", "+15155550100"), ("Body", body), ("SmsStatus", "received")]
        if let type { pairs.append(("OptOutType", type)) }
        let events = try Self.events(pairs)
        #expect(events.map(\.what) == (what.map { [$0] } ?? []))
        guard let event = events.first else { return }
        #expect(event.address == "+15155550100" && event.isTelephone && event.id == "came:SM1")
    }

    private static let codes: [(code: String, what: WebhookEvent.What)] = [
        ("30005", .permanent), ("30006", .permanent), ("21211", .permanent), ("21614", .permanent),
        ("21635", .permanent), ("21610", .unsubscribed), ("30003", .temporary), ("", .temporary), ("30007", .policy),
        ("30034", .policy),
    ]

    @Test("what became of a message is read by Twilio's codes", arguments: Self.codes)
    func callbacks(code: String, what: WebhookEvent.What) throws {
        var pairs = [("MessageSid", "SM1"), ("To", "+15155550100"), ("From", "+18005551212")]
        pairs += [("ErrorCode", code), ("MessageStatus", "undelivered"), ("SmsStatus", "undelivered")]
        let event = try #require(try Self.events(pairs).first)
        #expect(event.what == what && event.address == "+15155550100" && event.id == "returned:SM1")
        #expect(event.detail == (code.isEmpty ? "" : "Twilio \(code)"))
    }

    @Test("other news tell nothing, and other services' numbers are numbers")
    func others() throws {
        for status in ["queued", "sent", "delivered", "read"] {
            #expect(try Self.events([("MessageSid", "SM1"), ("To", "+1"), ("MessageStatus", status)]).isEmpty)
        }
        #expect(try Self.events(Self.call).isEmpty)
        let pairs = [("SmsSid", "SM1"), ("From", "whatsapp:+15155550100"), ("Body", "STOP")]
        #expect(try Self.events(pairs).map(\.address) == ["+15155550100"])
    }
}
