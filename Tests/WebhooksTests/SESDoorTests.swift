import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import Testing
import Webhooks
import X509

/// A certificate as Amazon's, made here, and messages signed with its key.
private struct Amazon {
    let key: _RSA.Signing.PrivateKey
    let pem: String
    static let topic = "arn:aws:sns:eu-west-1:1234:mail"

    init(until: Int64 = SESDoorTests.now + 86_400) throws {
        self.key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let secret = Certificate.PrivateKey(self.key)
        let name = try DistinguishedName { CommonName("sns.amazonaws.com") }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: secret.publicKey,
            notValidBefore: Date(timeIntervalSince1970: Double(SESDoorTests.now - 86_400)),
            notValidAfter: Date(timeIntervalSince1970: Double(until)),
            issuer: name,
            subject: name,
            signatureAlgorithm: .sha256WithRSAEncryption,
            extensions: Certificate.Extensions(),
            issuerPrivateKey: secret
        )
        self.pem = try certificate.serializeAsPEM().pemString
    }

    func door() throws -> WebhookDoor {
        WebhookDoor(.ses(try SNSTrust(topics: [Self.topic], certificates: "# a note\n\(self.pem)\n")))
    }

    /// A request with these fields; those that are given later replace what is signed.
    func request(_ fields: [String: String], changed: [String: String] = [:]) throws -> WebhookRequest {
        var all = [
            "Type": "Notification", "MessageId": "m1", "TopicArn": Self.topic, "Message": "{}",
            "Timestamp": "2026-11-22T09:00:00.000Z", "SignatureVersion": "2",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        ]
        all.merge(fields) { _, new in new }
        let signed = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        let text = signed.compactMap { name in all[name].map { "\(name)\n\($0)\n" } }.joined()
        let digest = SHA256.hash(data: Array(text.utf8))
        let signature = try self.key.signature(for: digest, padding: .insecurePKCS1v1_5)
        all["Signature"] = signature.rawRepresentation.base64EncodedString()
        all.merge(changed) { _, new in new }
        return WebhookRequest(headers: [:], body: Array(try JSONEncoder().encode(all)))
    }

    static func subscription(_ preferences: String) -> String {
        #"{"eventType":"Subscription","mail":{"messageId":"x1","destination":["a@x.example"]},"#
            + #""subscription":{"contactList":"c","source":"UnsubscribeHeader","newTopicPreferences":{\#(preferences)}}}"#
    }

    static func bounce(
        _ type: String,
        _ subtype: String = "General",
        status: String = "5.1.1",
        said: String = "no"
    ) -> String {
        """
        {"notificationType":"Bounce","mail":{"messageId":"x1","source":"bounces+abc@r.example"},
         "bounce":{"bounceType":"\(type)","bounceSubType":"\(subtype)",
         "bouncedRecipients":[{"emailAddress":"a@x.example","status":"\(status)","diagnosticCode":"smtp; 550 \(said)"}]}}
        """
    }
}

@Suite("Webhooks: Amazon SES over SNS")
struct SESDoorTests {
    fileprivate static let now: Int64 = 1_795_336_245

    private func refusal(
        _ door: WebhookDoor,
        _ request: WebhookRequest,
        at time: Int64 = Self.now
    ) -> WebhookRefusal? {
        var door = door
        do throws(WebhookRefusal) {
            _ = try door.open(request, at: time)
            return nil
        } catch {
            return error
        }
    }

    private func events(_ message: String) throws -> [WebhookEvent] {
        let amazon = try Amazon()
        var door = try amazon.door()
        let news = try door.open(amazon.request(["Message": message, "Subject": "Amazon SES"]), at: Self.now)
        guard case .events(let events) = news else { return [] }
        return events
    }

    @Test(
        "signed events are believed and read",
        arguments: [
            (Amazon.bounce("Permanent"), WebhookEvent.What.permanent),
            (Amazon.bounce("Permanent", status: "5.7.1"), .policy),
            (Amazon.bounce("Permanent", status: "5.0.0", said: "your IP address is on a list"), .policy),
            (Amazon.bounce("Permanent", status: "5.0.0", said: "no such user"), .permanent),
            (Amazon.bounce("Permanent", status: "5.0.0", said: "something"), .temporary),
            (Amazon.bounce("Permanent", "Suppressed", status: "5.0.0", said: "something"), .permanent),
            (Amazon.bounce("Transient", "MailboxFull", status: "4.2.2"), .temporary),
            (Amazon.bounce("Transient", "ContentRejected"), .policy),
            (
                #"{"eventType":"Complaint","mail":{"messageId":"x1"},"complaint":{"complainedRecipients":[{"emailAddress":"a@x.example"}]}}"#,
                .complained
            ),
            (
                #"{"eventType":"Delivery","mail":{"messageId":"x1"},"delivery":{"recipients":["a@x.example"]}}"#,
                .delivered
            ),
            (Amazon.subscription(#""unsubscribeAll":true"#), .unsubscribed),
            (
                Amazon.subscription(
                    #""unsubscribeAll":false,"topicSubscriptionStatus":[{"topicName":"t","subscriptionStatus":"OptOut"}]"#
                ),
                .unsubscribed
            ),
        ]
    )
    func read(message: String, what: WebhookEvent.What) throws {
        let events = try self.events(message)
        #expect(events.map(\.what) == [what] && events.map(\.address) == ["a@x.example"])
        #expect(events.first?.id.hasSuffix(":x1:a@x.example") == true)
    }

    @Test(
        "the return path of a message comes along; what machines report, and what takes a complaint back, tells nothing",
        arguments: ["not-spam", "auth-failure", "virus"]
    )
    func sender(type: String) throws {
        #expect(try self.events(Amazon.bounce("Permanent")).first?.sender == "bounces+abc@r.example")
        let more = #""unsubscribeAll":false,"topicSubscriptionStatus":[{"topicName":"t","subscriptionStatus":"OptIn"}]"#
        #expect(try self.events(Amazon.subscription(more)) == [])
        func complaint(_ type: String) -> String {
            #"{"eventType":"Complaint","mail":{"messageId":"x"},"complaint":{"complaintFeedbackType":"\#(type)","complainedRecipients":[{"emailAddress":"a@x.example"}]}}"#
        }
        #expect(try self.events(complaint(type)) == [])
        #expect(try self.events(complaint("fraud")).map(\.what) == [.complained])
    }

    @Test(
        "a message is refused when any signed field of it was changed",
        arguments: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn"]
    )
    func changed(field: String) throws {
        let amazon = try Amazon()
        let request = try amazon.request(["Subject": "s"], changed: [field: "{ }"])
        #expect(self.refusal(try amazon.door(), request) == .strangeCertificate)
    }

    @Test("a message is refused with another's key, an old certificate, another topic, or a certificate from elsewhere")
    func forged() throws {
        let amazon = try Amazon()
        let message = ["Message": Amazon.bounce("Permanent")]
        let good = try amazon.request(message)
        #expect(self.refusal(try amazon.door(), good) == nil)
        #expect(self.refusal(try Amazon().door(), good) == .strangeCertificate)
        #expect(self.refusal(try amazon.door(), good, at: Self.now + 90_000) == .strangeCertificate)
        let topic = try amazon.request(["TopicArn": "arn:aws:sns:eu-west-1:666:mail"])
        #expect(self.refusal(try amazon.door(), topic) == .strangeTopic)
        let weak = try amazon.request(message, changed: ["SignatureVersion": "1"])
        #expect(self.refusal(try amazon.door(), weak) == .weak)
        for url in [
            "http://sns.eu-west-1.amazonaws.com/a.pem", "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
            "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem", "https://x@sns.eu-west-1.amazonaws.com/a.pem",
            "https://sns.eu-west-1.amazonaws.com:8443/a.pem", "https://s3.eu-west-1.amazonaws.com/a.pem", "",
        ] {
            let request = try amazon.request(message, changed: ["SigningCertURL": url])
            #expect(self.refusal(try amazon.door(), request) == .forged, "\(url)")
        }
        #expect(self.refusal(try amazon.door(), WebhookRequest(headers: [:], body: [])) == .unreadable)
    }

    @Test("a topic that is new asks for its address to be opened, which must be Amazon's")
    func confirmation() throws {
        let amazon = try Amazon()
        var door = try amazon.door()
        let address = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
        let fields = ["Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": address]
        #expect(try door.open(amazon.request(fields), at: Self.now) == .confirm(address))
        let other = fields.merging(["SubscribeURL": "https://evil.example/"]) { _, new in new }
        #expect(self.refusal(door, try amazon.request(other)) == .forged)
    }

    @Test("a file without a certificate is refused", arguments: ["", "text", "-----END CERTIFICATE-----\n"])
    func noCertificate(text: String) {
        #expect(throws: SNSTrust.Unusable.self) { try SNSTrust(topics: [], certificates: text) }
    }
}
