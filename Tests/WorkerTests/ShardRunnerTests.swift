import Domain
import Engine
import Foundation
import Mail
import NIOCore
import NIOEmbedded
import Relay
import Signing
import Testing
import Wire

@testable import WorkerCore

/// A journal that confirms when it is told to.
private final class PatientJournal: JournalInbox {
    private(set) var groups: [JournalGroup] = []

    func append(_ group: JournalGroup) { self.groups.append(group) }
    func acknowledge(_ number: UInt64) {}
}

/// A runner with one lease of three targets, which ends 60 s after the start, on a clock that a test moves.
private final class Scene {
    let loop = EmbeddedEventLoop()
    let journal = PatientJournal()
    let runner: ShardRunner
    let clock = Clock()
    private var confirmed = 0

    final class Clock { var milliseconds: Int64 = 0 }

    init(signing: [WireSigningKey] = [], returnPath: WireReturnPath? = nil) throws {
        let clock = self.clock
        self.runner = ShardRunner(
            on: self.loop,
            journal: self.journal,
            restored: JournalStore.Restored(),
            clocks: WorkerClocks(
                boot: { Instant(milliseconds: clock.milliseconds) },
                wall: { Timestamp(milliseconds: clock.milliseconds) }
            )
        )
        let desk = self.runner.addDesk(named: "main")
        self.runner.book.welcome(ttl: 60_000, credit: 100)
        _ = self.runner.book.offerCredit(nonce: 7, at: self.runner.now())
        let content = try CampaignContent(
            filled(WireContent()) {
                $0.fromAddress = "us@x.example"
                $0.variants = [filled(WireVariant()) { $0.text = "t" }]
                $0.messageIDDomain = "x.example"
                $0.signing = signing
                if let returnPath { $0.returnPath = returnPath }
            },
            campaign: Campaign.ID(1),
            tally: CampaignTally(campaign: Campaign.ID(1), name: "c")
        )
        var addresses = StringColumnBuilder()
        for name in ["ann", "bo", "cy"] { addresses.append("\(name)@y.example") }
        let grant = filled(WireGrant()) {
            $0.nonce = 7
            $0.epoch = 5
            $0.campaign = 1
            $0.relay = "main"
            $0.site = "y.example"
            $0.slots = 4
            $0.position = [0, 1, 2]
            $0.contact = [1, 2, 3]
            $0.variant = [0, 0, 0]
            $0.address = addresses.strings()
        }
        #expect(self.runner.take(try ReceivedGrant(grant), content: content, desk: desk) == nil)
    }

    /// Confirms all groups that the journal has and did not confirm.
    func confirm() {
        self.loop.run()
        let groups = self.journal.groups[self.confirmed...]
        self.confirmed = self.journal.groups.count
        let facts = groups.flatMap(\.facts)
        let row = JournalStore.CommittedRow(number: UInt64(self.confirmed), facts: facts)
        self.runner.committed(facts.isEmpty ? [] : [row], groups: groups.count)
    }
}

@Suite("What a message is signed with")
struct SignedMessageTests {
    @Test("a message begins with one signature for each key of its content, and is otherwise the same")
    func signatures() throws {
        let keys = try SigningKey.Algorithm.allCases.map { algorithm in
            let pem = try SigningKey.makePEM(algorithm)
            return filled(WireSigningKey()) {
                $0.domain = "x.example"
                $0.selector = algorithm.rawValue
                $0.key = pem
            }
        }
        let plain = try Scene()
        let signed = try Scene(signing: keys)
        let messages = try [plain, signed].map { scene in
            let job = try #require(scene.runner.nextJob(relay: 0))
            return String(buffer: try #require(scene.runner.body(of: job)))
        }
        let body = try #require(messages.first)
        #expect(body.hasPrefix("From: "))
        let text = try #require(messages.last)
        #expect(text.hasSuffix(body))
        let signatures = text.dropLast(body.count)
        #expect(signatures.split(separator: "DKIM-Signature: v=1; a=").count == 2)
        #expect(signatures.contains("a=rsa-sha256;") && signatures.contains("a=ed25519-sha256;"))
    }

    @Test("each message has a return path of its own, and the same one when it is tried again")
    func returnPaths() throws {
        let key = ReturnPathKey([1, 2, 3])
        let campaign = Campaign.ID(1)
        let path = filled(WireReturnPath()) {
            $0.local = "bounces"
            $0.domain = "r.example"
            $0.key = Data(key.campaignKey(campaign))
        }
        let scan = ReturnPathScan(key: key, local: "bounces", domain: "r.example")
        for _ in 0..<2 {
            let scene = try Scene(returnPath: path)
            for position in 0..<3 {
                let job = try #require(scene.runner.nextJob(relay: 0))
                let target = TargetKey(campaign: campaign, lane: 0, position: position)
                #expect(scan.look(at: job.sender) == .target(target))
            }
        }
    }

    @Test("content whose key cannot be read is not taken: nothing leaves unsigned")
    func unreadable() throws {
        let key = filled(WireSigningKey()) { $0.key = "no key" }
        #expect(throws: InvalidContent.self) { _ = try Scene(signing: [key]) }
    }
}

@Suite("The last byte of a message")
struct ShardRunnerTests {
    @Test("it waits until the journal has its intent")
    func waitsForIntent() throws {
        let scene = try Scene()
        let job = try #require(scene.runner.nextJob(relay: 0))
        var leave: [Bool] = []
        scene.runner.intend(job) { leave.append($0) }
        scene.loop.run()
        #expect(leave.isEmpty)
        let intents = scene.journal.groups.flatMap(\.intents)
        #expect(intents.map(\.position) == [0] && intents.map(\.epoch) == [Epoch(5)])
        scene.confirm()
        #expect(leave == [true])
    }

    @Test("it does not go once the lease ran out while the journal wrote", arguments: [false, true])
    func deadline(isOver: Bool) throws {
        let scene = try Scene()
        let job = try #require(scene.runner.nextJob(relay: 0))
        var leave: [Bool] = []
        scene.runner.intend(job) { leave.append($0) }
        scene.loop.run()
        scene.clock.milliseconds = isOver ? 60_000 : 59_999
        scene.confirm()
        #expect(leave == [!isOver])
    }

    @Test("a lease that ran out before needs no intent")
    func noIntent() throws {
        let scene = try Scene()
        let job = try #require(scene.runner.nextJob(relay: 0))
        scene.clock.milliseconds = 60_000
        var leave: [Bool] = []
        scene.runner.intend(job) { leave.append($0) }
        scene.loop.run()
        #expect(leave == [false] && scene.journal.groups.isEmpty)
    }

    @Test("while the journal refuses, nothing is begun")
    func stalled() throws {
        let scene = try Scene()
        scene.runner.stalled()
        #expect(scene.runner.nextJob(relay: 0) == nil)
        scene.runner.resumed()
        #expect(scene.runner.nextJob(relay: 0) != nil)
    }

    @Test("what was not acknowledged is in the next Hello, wherever it is just now")
    func inventory() throws {
        let scene = try Scene()
        let jobs = try (0..<3).map { _ in try #require(scene.runner.nextJob(relay: 0)) }
        func begun() -> [UInt32] { scene.runner.inventory().flatMap(\.begun).sorted() }
        #expect(begun() == [0, 1, 2])
        scene.runner.resolved(jobs[0], .noReply(problem: "gone"))
        #expect(begun() == [0, 1, 2])
        scene.loop.run()
        #expect(begun() == [0, 1, 2])
        scene.confirm()
        #expect(begun() == [0, 1, 2])
        scene.runner.reports.acknowledge(1, at: scene.runner.now())
        #expect(begun() == [1, 2])
    }
}
