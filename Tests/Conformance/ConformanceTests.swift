import Domain
import Foundation
import Signing
import SwiftProtobuf
import Testing
import Transport
import Wire

/// A worker in another language, written from the documents alone, does its work with our transport and wire.
///
/// Runs where `POSTRIDER_PYTHON` names a Python with `requirements.txt` installed and `protoc` is there; else it is skipped.
@Suite(
    "A worker in Python",
    .serialized,
    .enabled(if: PythonWorker.python != nil, "POSTRIDER_PYTHON is not set"),
    .timeLimit(.minutes(10))
)
struct ConformanceTests {
    static let names = ["<Ann> & 'Bo'", "Bob", "", "Dan", "Eve", "Fay"]
    static let addresses = [
        "ann@example.org", "bounce@example.org", "policy@example.org", "later@example.org", "busy@example.org",
        "vanish@example.org",
    ]

    static let content = WireContent.with {
        $0.campaign = 4
        $0.revision = 1
        $0.fromName = "Lee"
        $0.fromAddress = "lee@campaign.example"
        $0.replyTo = "answers@campaign.example"
        $0.headers = [
            .with {
                $0.name = "List-Unsubscribe"
                $0.value = "<https://go.example.org/u/{{first_name}}>"
            }
        ]
        $0.fields = [
            .with {
                $0.name = "first_name"
                $0.type = "text"
            },
            .with {
                $0.name = "first_time"
                $0.type = "boolean"
            },
        ]
        $0.variants = [
            .with {
                $0.name = "a"
                $0.subject = "Hi {{first_name}}"
                $0.text = "Dear {{first_name}}{{#first_time}}, welcome{{/first_time}}.\n.dot\n"
                $0.html = "<p>{{first_name}}</p>"
            }
        ]
        $0.messageIDKey = Data(repeating: 7, count: 32)
        $0.messageIDDomain = "campaign.example"
    }

    static func grant(
        _ addresses: [String],
        nonce: UInt64,
        epoch: UInt64,
        spread: UInt32 = 0
    ) -> WireGrant {
        WireGrant.with {
            $0.nonce = nonce
            $0.epoch = epoch
            $0.campaign = 4
            $0.lane = 2
            $0.relay = "main"
            $0.site = "example.org"
            $0.slots = 1
            $0.position = addresses.indices.map { UInt32(30 + $0) }
            $0.contact = addresses.indices.map { UInt64(1 + $0) }
            $0.variant = addresses.map { _ in 0 }
            $0.address = Self.column(addresses)
            $0.field = [
                Self.column(addresses.indices.map { Self.names[$0 % Self.names.count] }),
                Self.column(addresses.indices.map { $0 == 0 ? "true" : "false" }),
            ]
            $0.spread = spread
        }
    }

    static func column(_ values: [String]) -> WireStrings {
        var builder = StringColumnBuilder()
        for value in values { builder.append(value) }
        return builder.strings()
    }

    @Test(
        "sends what it is granted, reports until it is acknowledged, begins a new session and hands back what is recalled"
    )
    func conversation() throws {
        let coordinator = try ScriptedCoordinator()
        let relay = try PythonRelay()
        let worker = try PythonWorker(coordinator)
        defer {
            worker.stop()
            relay.stop()
            #expect(throws: Never.self) { try coordinator.close() }
        }
        let hello = try coordinator.welcome(session: 77, relayPort: relay.port)
        #expect(hello.held.isEmpty)
        #expect(hello.journal.count == 16)
        #expect(hello.machineBoot == (try BootClock.machineBootID()))
        let credit = try coordinator.nextCredit()
        #expect(credit.targets == 1_024)
        try coordinator.send(.content(Self.content))
        try coordinator.send(.grant(Self.grant(Self.addresses, nonce: credit.nonce, epoch: 1 << 32 | 1)))

        var reported: [UInt32: (ReportedOutcome, Reason?)] = [:]
        var numbers: [UInt64] = []
        while reported.count < Self.addresses.count {
            let report = try coordinator.nextReport()
            numbers.append(report.number)
            for lease in report.leases {
                let lease = try ReceivedLeaseReport(lease)
                for (index, position) in lease.positions.enumerated() {
                    reported[position] = (lease.outcomes[index], lease.reasons[index])
                }
            }
        }
        let expected: [(Outcome, Reason?)] = [
            (.accepted, nil), (.bounced, .mailbox), (.bounced, .policy), (.deferred, .temporary),
            (.deferred, .throttled), (.inDoubt, .noReply),
        ]
        for (index, (outcome, reason)) in expected.enumerated() {
            let entry = try #require(reported[UInt32(30 + index)])
            #expect(entry.0 == .settled(outcome))
            #expect(entry.1 == reason)
        }
        // Not acknowledged yet: said again under the same number.
        let again = try coordinator.nextReport()
        #expect(numbers.contains(again.number))
        try coordinator.send(.acknowledge(.with { $0.number = numbers.max() ?? 0 }))
        try checkMessage(relay)

        try coordinator.send(
            .problem(
                .with {
                    $0.text = "restarted"
                    $0.sessionUnknown = true
                }
            )
        )
        let second = try coordinator.welcome(session: 78, relayPort: relay.port)
        #expect(second.held.isEmpty)
        #expect(second.journal == hello.journal)
        let fresh = try coordinator.nextCredit()
        try coordinator.send(.content(Self.content))
        let later = Self.grant(
            Array(repeating: "ann@example.org", count: 4),
            nonce: fresh.nonce,
            epoch: 1 << 32 | 2,
            spread: 240_000
        )
        try coordinator.send(.grant(later))
        let first = try ReceivedLeaseReport(#require(coordinator.nextReport().leases.first))
        #expect(first.outcomes == [.settled(.accepted)])
        try coordinator.send(.recall(.with { $0.epoch = [1 << 32 | 2] }))
        let rest = try coordinator.nextReport { $0.leases.first?.position.count == 3 }
        #expect(try ReceivedLeaseReport(#require(rest.leases.first)).outcomes == [.returned, .returned, .returned])
        try coordinator.send(.acknowledge(.with { $0.number = rest.number }))

        worker.terminate()
        _ = try coordinator.next { if case .goodbye = $0 { true } else { nil } }
        #expect(worker.waitForExit() == 0)
    }

    @Test("messages come back to their return paths, and what must be signed is handed back whole")
    func returnPathsAndSigning() throws {
        let coordinator = try ScriptedCoordinator()
        let relay = try PythonRelay()
        let worker = try PythonWorker(coordinator)
        defer {
            worker.stop()
            relay.stop()
            #expect(throws: Never.self) { try coordinator.close() }
        }
        _ = try coordinator.welcome(session: 1, relayPort: relay.port)
        let credit = try coordinator.nextCredit()
        let (key, campaign) = (ReturnPathKey([1, 2, 3]), Campaign.ID(300))
        var content = Self.content
        content.campaign = 300
        content.returnPath = .with {
            $0.local = "bounces"
            $0.domain = "returns.example"
            $0.key = Data(key.campaignKey(campaign))
        }
        try coordinator.send(.content(content))
        var grant = Self.grant(["ann@example.org"], nonce: credit.nonce, epoch: 5)
        grant.campaign = 300
        try coordinator.send(.grant(grant))
        let sent = try coordinator.nextReport()
        #expect(try ReceivedLeaseReport(#require(sent.leases.first)).outcomes == [.settled(.accepted)])
        try coordinator.send(.acknowledge(.with { $0.number = sent.number }))
        let scan = ReturnPathScan(key: key, local: "bounces", domain: "returns.example")
        let target = TargetKey(campaign: campaign, lane: 2, position: 30)
        #expect(scan.look(at: try relay.nextMessage().from) == .target(target))

        content.revision = 2
        content.signing = [
            .with {
                $0.domain = "campaign.example"
                $0.selector = "one"
                $0.key = "PEM"
            }
        ]
        try coordinator.send(.content(content))
        grant = Self.grant(["ann@example.org", "bob@example.org"], nonce: credit.nonce, epoch: 6)
        grant.campaign = 300
        try coordinator.send(.grant(grant))
        let report = try coordinator.nextReport { $0.leases.contains { $0.epoch == 6 } }
        let lease = try ReceivedLeaseReport(#require(report.leases.first { $0.epoch == 6 }))
        #expect(lease.outcomes == [.returned, .returned])
    }

    @Test("a worker that was killed between the dot and the reply says so when it is back")
    func killed() throws {
        let coordinator = try ScriptedCoordinator()
        let relay = try PythonRelay()
        var worker = try PythonWorker(coordinator)
        defer {
            worker.stop()
            relay.stop()
            #expect(throws: Never.self) { try coordinator.close() }
        }
        let hello = try coordinator.welcome(session: 1, relayPort: relay.port)
        let credit = try coordinator.nextCredit()
        try coordinator.send(.content(Self.content))
        let grant = Self.grant(["hang@example.org", "ann@example.org"], nonce: credit.nonce, epoch: 9)
        try coordinator.send(.grant(grant))
        // The relay has the whole message, so the worker waits for the reply.
        _ = try relay.nextMessage()
        worker.kill()
        worker = try PythonWorker(coordinator, folder: worker.folder)
        let second = try coordinator.welcome(session: 2, relayPort: relay.port)
        #expect(second.journal == hello.journal)
        #expect(
            second.held == [
                .with {
                    $0.epoch = 9
                    $0.begun = [30]
                }
            ]
        )
        let report = try ReceivedLeaseReport(#require(coordinator.nextReport().leases.first))
        #expect(report.epoch == Epoch(9))
        #expect(report.positions == [30])
        #expect(report.outcomes == [.settled(.inDoubt)])
        #expect(report.reasons == [.noReply])
    }

    private func checkMessage(_ relay: PythonRelay) throws {
        let message = try relay.nextMessage()
        #expect(message.to == "ann@example.org" && message.from == "lee@campaign.example")
        let lines = message.data.components(separatedBy: "\r\n")
        #expect(lines.contains("Subject: Hi <Ann> & 'Bo'"))
        #expect(lines.contains("Reply-To: answers@campaign.example"))
        #expect(lines.contains { $0.hasPrefix("Message-ID: <wzzfglapoowxi7hutdc5fwq6c5@campaign.example>") })
        #expect(lines.contains("Dear <Ann> & 'Bo', welcome."))
        #expect(lines.contains(".dot"))
        #expect(lines.contains("<p>&lt;Ann&gt; &amp; &#39;Bo&#39;</p>"))
    }
}

extension ScriptedCoordinator {
    func nextCredit() throws -> WireCredit {
        try self.next { if case .credit(let credit) = $0 { credit } else { nil } }
    }

    func nextReport(where isWanted: (WireReport) -> Bool = { _ in true }) throws -> WireReport {
        try self.next { if case .report(let report) = $0, isWanted(report) { report } else { nil } }
    }
}
