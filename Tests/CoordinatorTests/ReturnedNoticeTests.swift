import Domain
import Engine
import Signing
import Testing

@testable import CoordinatorCore

/// Mails that came back about one message of campaign 7, and what is done about them.
enum ReturnSample {
    static let key = ReturnPathKey(Array(0..<32))
    static let scan = ReturnPathScan(key: Self.key, local: "bounces", domain: "r.example")

    static func address(_ target: TargetKey) -> String {
        let key = Self.key.campaignKey(target.campaign)
        return ReturnPathWriter(campaign: target.campaign, key: key, local: "bounces", domain: "r.example")
            .address(lane: UInt32(target.lane), position: UInt32(target.position))
    }

    static func dsn(
        to: String,
        recipient: String = "joe@example.org",
        status: String,
        action: String = "failed",
        id: String = "1"
    ) -> [UInt8] {
        let text = """
            From: MAILER-DAEMON@mx.example
            To: \(to)
            Subject: Undelivered Mail Returned to Sender
            Message-ID: <\(id)@mx.example>
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status; boundary="b"

            --b
            Content-Type: text/plain

            Your message could not be delivered.

            --b
            Content-Type: message/delivery-status

            Reporting-MTA: dns; mx.example

            Final-Recipient: rfc822; \(recipient)
            Action: \(action)
            Status: \(status)
            Diagnostic-Code: smtp; 550 \(status) refused

            --b--

            """
        return Array(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n").utf8)
    }

    static func complaint(returnPath: String, type: String = "abuse") -> [UInt8] {
        let text = """
            From: feedback@provider.example
            To: complaints@r.example
            Subject: FW: hello
            Message-ID: <c1@provider.example>
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=feedback-report; boundary="b"

            --b
            Content-Type: text/plain

            This is an email abuse report.

            --b
            Content-Type: message/feedback-report

            Feedback-Type: \(type)
            User-Agent: Provider/1
            Version: 1
            Original-Mail-From: <\(returnPath)>

            --b
            Content-Type: message/rfc822

            From: Ann <ann@example.com>
            To: joe@example.org
            Subject: hello

            Hi
            --b--

            """
        return Array(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n").utf8)
    }
}

@Suite("Returned mail")
struct ReturnedNoticeTests {
    private static let target = TargetKey(campaign: Campaign.ID(7), lane: 2, position: 41)
    private let notice = ReturnedNotice(scan: ReturnSample.scan)

    private func report(_ mail: [UInt8], envelope: TargetKey? = nil) throws -> ReturnReport {
        guard case .act(let report) = self.notice.judge(mail, envelope: envelope) else {
            throw Unexpected(verdict: self.notice.judge(mail, envelope: envelope))
        }
        return report
    }

    private struct Unexpected: Error { let verdict: ReturnedNotice.Verdict }

    @Test(
        "a bounce is weighed by its status",
        arguments: [
            ("5.1.1", ReturnRules.Weight.permanent), ("4.2.2", .temporary), ("5.7.1", .policy), ("5.7.26", .policy),
            ("4.4.1", .temporary), ("4.7.1", .policy),
        ]
    )
    func weights(status: String, weight: ReturnRules.Weight) throws {
        let mail = ReturnSample.dsn(to: ReturnSample.address(Self.target), status: status)
        let report = try self.report(mail)
        #expect(report.target == Self.target)
        guard case .bounced(let bounces) = report.what else { return #expect(Bool(false), "\(report)") }
        #expect(bounces.map(\.weight) == [weight])
        #expect(bounces.map(\.address) == ["joe@example.org"])
    }

    @Test(
        "a message that is late is a temporary matter, and one that policy holds up is none, so that no guard counts it"
    )
    func late() throws {
        let address = ReturnSample.address(Self.target)
        for status in ["4.4.7", "4.2.2", "5.0.0"] {
            let report = try self.report(ReturnSample.dsn(to: address, status: status, action: "delayed"))
            guard case .bounced(let bounces) = report.what else { return #expect(Bool(false), "\(report)") }
            #expect(bounces.map(\.weight) == [.temporary])
        }
        for status in ["4.7.1", "5.7.1"] {
            #expect(self.notice.judge(ReturnSample.dsn(to: address, status: status, action: "delayed")) == .ignore)
        }
    }

    @Test("a notice that shows nobody's address is about whom its return path names, as bad as its fields say")
    func unnamed() throws {
        let mail = ReturnSample.dsn(to: ReturnSample.address(Self.target), recipient: "(hidden)", status: "5.1.1")
        guard case .bounced(let bounces) = try self.report(mail).what else { return #expect(Bool(false)) }
        #expect(bounces.map(\.weight) == [.permanent] && bounces.map(\.address) == [""])
    }

    @Test("somebody who answers and quotes an error has not bounced, however the answer was addressed")
    func answered() {
        let text = """
            From: Joe <joe@example.org>\r
            To: \(ReturnSample.address(Self.target))\r
            Subject: Re: hello\r
            In-Reply-To: <m@r.example>\r
            \r
            I tried to write to you and it said:\r
            \r
              <joe@example.org>: 550 5.1.1 User unknown\r
            """
        #expect(self.notice.judge(Array(text.utf8), envelope: Self.target) == .ignore)
    }

    @Test("the same notice delivered twice is one report, and another notice is another")
    func once() throws {
        let address = ReturnSample.address(Self.target)
        let first = ReturnSample.dsn(to: address, status: "5.1.1")
        let again = Array("Received: from mx by r\r\n".utf8) + first
        #expect(try self.report(first).copy == self.report(again).copy)
        #expect(
            try self.report(first).copy != self.report(ReturnSample.dsn(to: address, status: "5.1.1", id: "2")).copy
        )
    }

    @Test("a notice that shows no message of ours is refused, whatever it says")
    func refused() {
        let other = ReturnPathWriter(campaign: Campaign.ID(7), key: [1], local: "bounces", domain: "r.example")
            .address(lane: 2, position: 41)
        for address in ["bounces@r.example", other, "bounces+aaaa@r.example"] {
            #expect(self.notice.judge(ReturnSample.dsn(to: address, status: "5.1.1")) == .refuse)
            #expect(self.notice.judge(ReturnSample.complaint(returnPath: address)) == .refuse)
        }
    }

    @Test("the envelope's message counts, not one that the mail mentions")
    func envelope() throws {
        let mail = ReturnSample.dsn(to: ReturnSample.address(Self.target), status: "5.1.1")
        let other = TargetKey(campaign: Campaign.ID(8), lane: 0, position: 0)
        #expect(try self.report(mail, envelope: other).target == other)
    }

    @Test(
        "a complaint is about the message whose return path it quotes",
        arguments: ["abuse", "fraud", "opt-out", "other"]
    )
    func complaints(type: String) throws {
        let address = ReturnSample.address(Self.target)
        let report = try self.report(ReturnSample.complaint(returnPath: address, type: type))
        #expect(report.target == Self.target && report.what == .complained(type: type) && report.source == "arf")
    }

    @Test(
        "what a machine reports is no complaint, nor is what takes one back",
        arguments: ["auth-failure", "virus", "not-spam", "miscategorized"]
    )
    func machines(type: String) {
        let mail = ReturnSample.complaint(returnPath: ReturnSample.address(Self.target), type: type)
        #expect(self.notice.judge(mail) == .ignore)
    }

    @Test("what is no notice is not heeded")
    func ignored() {
        #expect(self.notice.judge(Array("From: a@b.example\r\nSubject: Hello\r\n\r\nHi there\r\n".utf8)) == .ignore)
        #expect(self.notice.judge([]) == .ignore)
    }
}
