import Crypto
import Foundation
import Testing
import Webhooks

@Suite struct WebhookDoorTests {
    private static let now: Int64 = 1_795_336_245

    private static func events(_ news: WebhookNews) throws -> [WebhookEvent] {
        guard case .events(let events) = news else { throw NoEvents() }
        return events
    }

    private struct NoEvents: Error {}

    // MARK: SendGrid

    private static let sendgridKey = P256.Signing.PrivateKey()

    private static func sendgrid(
        _ body: String,
        at time: Int64 = Self.now,
        key: P256.Signing.PrivateKey = Self.sendgridKey
    ) throws -> WebhookRequest {
        let signature = try key.signature(for: SHA256.hash(data: Array("\(time)\(body)".utf8)))
        return WebhookRequest(
            headers: [
                "x-twilio-email-event-webhook-signature": signature.derRepresentation.base64EncodedString(),
                "x-twilio-email-event-webhook-timestamp": "\(time)",
            ],
            body: Array(body.utf8)
        )
    }

    @Test("SendGrid's signed events are believed and read")
    func sendgridEvents() throws {
        let body = """
            [{"event":"bounce","email":"a@x.example","type":"bounce","status":"5.1.1","sg_event_id":"1"},
             {"event":"bounce","email":"b@x.example","type":"blocked","status":"5.0.0","sg_event_id":"2"},
             {"event":"bounce","email":"c@x.example","type":"bounce","status":"5.7.26","sg_event_id":"3"},
             {"event":"bounce","email":"d@x.example","type":"bounce","status":"4.2.2","sg_event_id":"4"},
             {"event":"spamreport","email":"e@x.example","sg_event_id":"5"},
             {"event":"unsubscribe","email":"f@x.example","sg_event_id":"6"},
             {"event":"open","email":"g@x.example","sg_event_id":"7"},
             {"event":"open","email":"h@x.example","sg_event_id":"8","sg_machine_open":true},
             {"event":"click","email":"i@x.example","sg_event_id":"9"}, {"event":"processed"},
             {"event":7,"email":[]}, "news",
             {"event":"dropped","email":"j@x.example","reason":"Unsubscribed Address","sg_event_id":"10"},
             {"event":"dropped","email":"k@x.example","reason":"Spam Reporting Address","sg_event_id":"11"},
             {"event":"dropped","email":"l@x.example","reason":"Bounced Address","sg_event_id":"12"},
             {"event":"dropped","email":"m@x.example","reason":"Recipient List over Package Quota","sg_event_id":"13"},
             {"event":"bounce","email":"n@x.example","type":"bounce","status":"5.0.0","reason":"550 your network is unknown here","sg_event_id":"14"},
             {"event":"bounce","email":"o@x.example","type":"bounce","status":"5.0.0","reason":"550 no such user","sg_event_id":"15"}]
            """
        var door = WebhookDoor(.sendgrid(Self.sendgridKey.publicKey))
        let events = try Self.events(door.open(try Self.sendgrid(body), at: Self.now))
        #expect(
            events.map(\.what) == [
                .permanent, .policy, .policy, .temporary, .complained, .unsubscribed, .opened, .clicked,
                .unsubscribed, .complained, .permanent, .policy, .permanent,
            ]
        )
        #expect(events.map(\.id) == ["1", "2", "3", "4", "5", "6", "7", "9", "10", "11", "12", "14", "15"])
        #expect(events.first?.address == "a@x.example")
    }

    @Test("SendGrid's requests are refused when anything of them was changed, made elsewhere, or is old")
    func sendgridForged() throws {
        let body = #"[{"event":"bounce","email":"a@x.example","sg_event_id":"1"}]"#
        let good = try Self.sendgrid(body)
        var door = WebhookDoor(.sendgrid(Self.sendgridKey.publicKey))
        func refusal(_ request: WebhookRequest, at time: Int64 = Self.now) -> WebhookRefusal? {
            do throws(WebhookRefusal) {
                _ = try door.open(request, at: time)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(good) == nil)
        #expect(refusal(WebhookRequest(headers: [:], body: good.body)) == .unsigned)
        #expect(refusal(WebhookRequest(headers: good.headers, body: good.body + [0x20])) == .forged)
        var headers = good.headers
        headers["x-twilio-email-event-webhook-timestamp"] = "\(Self.now + 1)"
        #expect(refusal(WebhookRequest(headers: headers, body: good.body)) == .forged)
        #expect(refusal(try Self.sendgrid(body, key: P256.Signing.PrivateKey())) == .forged)
        // It tries again for a day.
        #expect(refusal(good, at: Self.now + 24 * 3_600) == nil)
        #expect(refusal(good, at: Self.now + WebhookDoor.sendgridAgeSeconds + 1) == .stale)
        #expect(refusal(good, at: Self.now - WebhookDoor.aheadSeconds - 1) == .stale)
        for time in [Int64.min, .max] { #expect(refusal(try Self.sendgrid(body, at: time)) == .stale) }
        #expect(refusal(try Self.sendgrid("{}")) == .unreadable)
    }

    // MARK: Mailgun

    private static func mailgun(
        event: String = #""event":"failed","severity":"permanent","reason":"bounce","recipient":"a@x.example""#,
        token: String = "t1",
        key: String = "secret",
        at time: Int64 = Self.now
    ) -> WebhookRequest {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(time)\(token)".utf8),
            using: SymmetricKey(data: Array(key.utf8))
        )
        let text = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let body = """
            {"signature":{"timestamp":"\(time)","token":"\(token)","signature":"\(text)"},
             "event-data":{"id":"e1",\(event)}}
            """
        return WebhookRequest(headers: [:], body: Array(body.utf8))
    }

    @Test(
        "Mailgun's signed events are believed and read",
        arguments: [
            (#""event":"failed","severity":"permanent","recipient":"a@x.example""#, WebhookEvent.What.permanent),
            (#""event":"failed","severity":"temporary","recipient":"a@x.example""#, .temporary),
            (
                #""event":"failed","severity":"permanent","recipient":"a@x.example","delivery-status":{"enhanced-code":"5.7.1"}"#,
                .policy
            ),
            (
                #""event":"failed","severity":"permanent","reason":"bounce","recipient":"a@x.example","delivery-status":{"code":550,"message":"5.7.1 Client host blocked using a list"}"#,
                .policy
            ),
            (
                #""event":"failed","severity":"permanent","reason":"bounce","recipient":"a@x.example","delivery-status":{"code":550,"message":"","description":"5.7.26 the sender is unauthenticated"}"#,
                .policy
            ),
            (
                #""event":"failed","severity":"permanent","reason":"bounce","recipient":"a@x.example","delivery-status":{"code":550,"message":"Your IP address was found on a blacklist"}"#,
                .policy
            ),
            (
                #""event":"failed","severity":"permanent","reason":"bounce","recipient":"a@x.example","delivery-status":{"code":550,"message":"5.1.1 The account does not exist"}"#,
                .permanent
            ),
            (
                #""event":"failed","severity":"permanent","reason":"bounce","recipient":"a@x.example","delivery-status":{"code":552,"message":"5.2.2 over quota"}"#,
                .temporary
            ),
            (
                #""event":"failed","severity":"permanent","reason":"bounce","recipient":"a@x.example","delivery-status":{"code":550,"message":"something went wrong"}"#,
                .temporary
            ),
            (
                #""event":"failed","severity":"permanent","reason":"bounce","recipient":"a@x.example","delivery-status":{"code":550,"message":7,"enhanced-code":"5.1.1"}"#,
                .permanent
            ),
            (
                #""event":"failed","severity":"permanent","reason":"suppress-bounce","recipient":"a@x.example","delivery-status":{"code":605,"message":"Not delivering to previously bounced address"}"#,
                .permanent
            ),
            (#""event":"failed","severity":"permanent","reason":"espblock","recipient":"a@x.example""#, .policy),
            (#""event":"complained","recipient":"a@x.example""#, .complained),
            (#""event":"unsubscribed","recipient":"a@x.example""#, .unsubscribed),
        ]
    )
    func mailgunEvents(event: String, what: WebhookEvent.What) throws {
        var door = WebhookDoor(.mailgun(Array("secret".utf8)))
        let events = try Self.events(door.open(Self.mailgun(event: event), at: Self.now))
        #expect(events.map(\.what) == [what] && events.map(\.id) == ["e1"])
    }

    @Test("Mailgun's requests are refused with another key, when old, and with a token that was shown before")
    func mailgunForged() throws {
        var door = WebhookDoor(.mailgun(Array("secret".utf8)))
        #expect(throws: WebhookRefusal.forged) { try door.open(Self.mailgun(key: "other"), at: Self.now) }
        for time in [Self.now - WebhookDoor.mailgunAgeSeconds - 1, Self.now + WebhookDoor.aheadSeconds + 1] {
            #expect(throws: WebhookRefusal.stale) { try door.open(Self.mailgun(at: time), at: Self.now) }
        }
        // It tries again for eight hours.
        _ = try door.open(Self.mailgun(token: "old", at: Self.now - 8 * 3_600), at: Self.now)
        #expect(throws: WebhookRefusal.repeated) {
            try door.open(Self.mailgun(token: "old", at: Self.now - 8 * 3_600), at: Self.now)
        }
        #expect(throws: WebhookRefusal.unreadable) {
            try door.open(WebhookRequest(headers: [:], body: Array("{}".utf8)), at: Self.now)
        }
        _ = try door.open(Self.mailgun(), at: Self.now)
        #expect(throws: WebhookRefusal.repeated) { try door.open(Self.mailgun(), at: Self.now) }
        // What could not be stored will be sent again.
        door.forget(Self.mailgun())
        _ = try door.open(Self.mailgun(), at: Self.now)
    }

    @Test("when more of Mailgun's tokens come than can be remembered, new ones wait until old ones are too old")
    func mailgunFull() throws {
        var door = WebhookDoor(.mailgun(Array("secret".utf8)), shownMax: 2)
        for token in ["a", "b"] { _ = try door.open(Self.mailgun(token: token), at: Self.now) }
        #expect(throws: WebhookRefusal.full) { try door.open(Self.mailgun(token: "c"), at: Self.now) }
        #expect(throws: WebhookRefusal.repeated) { try door.open(Self.mailgun(token: "a"), at: Self.now) }
        let later = Self.now + WebhookDoor.mailgunAgeSeconds + 1
        _ = try door.open(Self.mailgun(token: "c", at: later), at: later)
        #expect(throws: WebhookRefusal.stale) { try door.open(Self.mailgun(token: "a"), at: later) }
    }

    // MARK: Postmark

    private static func postmark(_ body: String, _ credentials: String = "ann:secret") -> WebhookRequest {
        let text = Data(credentials.utf8).base64EncodedString()
        return WebhookRequest(headers: ["authorization": "Basic \(text)"], body: Array(body.utf8))
    }

    @Test(
        "Postmark's events are read",
        arguments: [
            (#"{"RecordType":"Bounce","Type":"HardBounce","ID":4,"Email":"a@x.example"}"#, WebhookEvent.What.permanent),
            (
                #"{"RecordType":"Bounce","Type":"HardBounce","ID":4,"Email":"a@x.example","Details":"smtp;550 your IP is blocked"}"#,
                .policy
            ),
            (#"{"RecordType":"Bounce","Type":"SoftBounce","ID":4,"Email":"a@x.example"}"#, .temporary),
            (#"{"RecordType":"Bounce","Type":"DMARCPolicy","ID":4,"Email":"a@x.example"}"#, .policy),
            (#"{"RecordType":"SpamComplaint","ID":4,"Email":"a@x.example"}"#, .complained),
        ]
    )
    func postmarkEvents(body: String, what: WebhookEvent.What) throws {
        var door = WebhookDoor(.postmark(user: "ann", password: "secret"))
        #expect(try Self.events(door.open(Self.postmark(body), at: Self.now)).map(\.what) == [what])
    }

    @Test("the scheme's name may be written in any case", arguments: ["Basic", "basic", "BASIC"])
    func scheme(name: String) throws {
        let body = #"{"RecordType":"SpamComplaint","ID":1,"MessageID":"m","Email":"a@x.example"}"#
        let code = Data("ann:secret".utf8).base64EncodedString()
        let request = WebhookRequest(headers: ["authorization": "\(name) \(code)"], body: Array(body.utf8))
        var door = WebhookDoor(.postmark(user: "ann", password: "secret"))
        #expect(try Self.events(door.open(request, at: Self.now)).count == 1)
    }

    @Test(
        "Postmark's requests are refused without its password",
        arguments: ["ann:other", "", "ann:secret2", "bo:secret"]
    )
    func postmarkForged(credentials: String) throws {
        let body = #"{"RecordType":"SpamComplaint","ID":4,"Email":"a@x.example"}"#
        var door = WebhookDoor(.postmark(user: "ann", password: "secret"))
        #expect(throws: WebhookRefusal.forged) { try door.open(Self.postmark(body, credentials), at: Self.now) }
        let bare = WebhookRequest(headers: [:], body: Array(body.utf8))
        #expect(throws: WebhookRefusal.unsigned) { try door.open(bare, at: Self.now) }
    }
}
