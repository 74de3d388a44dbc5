import Domain
import Storage
import Synchronization
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: what an approval is bound to")
struct LoopApprovalTests {
    private static let limits = "throttles: [\"10/s\"]\nbudget: {max_messages: 5}"

    /// A campaign that was approved, as it is stored before its start.
    private func approved() throws -> (LoopBench, Campaign.ID) {
        let bench = try LoopBench()
        try bench.addContacts(20)
        let id = try bench.submit(LoopBench.campaign(Self.limits))
        try bench.execute(
            """
            UPDATE campaign SET state = 'approved', approved_by = 'ann', approved_at = \(bench.wall.milliseconds),
                approved_digest = digest
            """
        )
        return (bench, id)
    }

    private func state(_ bench: LoopBench, _ id: Campaign.ID) throws -> CampaignState { try bench.status(id).state }

    @Test("as it was approved, it starts")
    func starts() throws {
        let (bench, id) = try self.approved()
        try bench.step(.start, on: id)
        #expect(try self.state(bench, id) == .running)
    }

    @Test(
        "one byte changed in the database, anywhere in what was approved, and it does not start",
        arguments: ["content", "files", "relay", "digest", "approved_digest", "name", "channel"]
    )
    func altered(column: String) throws {
        let (bench, id) = try self.approved()
        let length = try bench.integer("SELECT length(\(column)) FROM campaign")
        for position in 1...length {
            try bench.execute(
                """
                CREATE TEMP TABLE kept AS SELECT \(column) AS value FROM campaign;
                UPDATE campaign SET \(column) = substr(\(column), 1, \(position - 1))
                    || CASE WHEN substr(\(column), \(position), 1) = '~' THEN '!' ELSE '~' END
                    || substr(\(column), \(position + 1))
                """
            )
            #expect(throws: OperationError.self) { try bench.step(.start, on: id) }
            #expect(try self.state(bench, id) == .approved)
            try bench.execute("UPDATE campaign SET \(column) = (SELECT value FROM kept); DROP TABLE kept")
        }
        #expect(try bench.integer("SELECT count(*) FROM target") == 0)
        try bench.step(.start, on: id)
        #expect(try self.state(bench, id) == .running)
    }

    @Test("with a digest only what it names is approved")
    func approvesWhatWasSeen() throws {
        let bench = try LoopBench()
        try bench.addContacts(20)
        let id = try bench.submit(LoopBench.campaign(Self.limits))
        let ann = Caller(name: "ann", role: .approver)
        let seen = try #require(try bench.status(id).digest)
        // Handed in anew between the look and the approval.
        try self.replace(id, with: Self.limits.replacing("5", with: "6"), on: bench)
        let error = #expect(throws: OperationError.self) { try bench.step(.approve, on: id, by: ann, digest: seen) }
        guard case .conflict(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("postrider campaign show \(id.publicID)"))
        #expect(try self.state(bench, id) == .submitted)
        try bench.step(.approve, on: id, by: ann, digest: try bench.status(id).digest)
        #expect(try self.state(bench, id) == .running)
    }

    @Test("what is shown is what was submitted, with its texts and segments; what was changed in the database is not")
    func shown() throws {
        let bench = try LoopBench()
        let source = LoopBench.campaign(Self.limits)
        let id = try bench.submit(source)
        try bench.execute(
            """
            UPDATE campaign SET files = '{"jobs.txt":"Work","segment:iowa":"state = ''IA''"}'
            """
        )
        func record() throws -> CampaignRecord {
            let found = SharedRecord()
            try bench.command { core in found.set(try core.record(of: id)) }
            return try #require(found.record)
        }
        var stored = try record()
        #expect(throws: OperationError.self) { try CampaignText(stored) }
        stored.digest = CampaignDigest.of(content: stored.content, files: stored.files, relay: stored.relay)
        let text = try CampaignText(stored)
        #expect(text.source == source)
        #expect(text.files == ["jobs.txt": "Work"])
        #expect(text.segments == ["iowa": "state = 'IA'"])
        #expect(text.digest == stored.digest)
        #expect(text.submittedBy == "bob")
    }

    private func replace(_ id: Campaign.ID, with limits: String, on bench: LoopBench) throws {
        try bench.command { core in
            let source = LoopBench.campaign(limits)
            let names = try core.names()
            let plan = try CampaignPlan(source: source, fileName: "c.yaml", files: [:], id: id, names: names)
            let upload = CoordinatorCore.CampaignFile(file: "c.yaml", source: source, files: [:])
            _ = try core.submit(try CampaignDraft(upload: upload, plan: plan, relay: "main"), replacing: id, by: "bob")
        }
    }

    @Test("what was submitted is not approved once it was changed in the database")
    func alteredBeforeApproval() throws {
        let bench = try LoopBench()
        let id = try bench.submit(LoopBench.campaign(Self.limits))
        try bench.execute("UPDATE campaign SET content = replace(content, 'max_messages: 5', 'max_messages: 6')")
        let ann = Caller(name: "ann", role: .approver)
        #expect(throws: OperationError.self) { try bench.step(.approve, on: id, by: ann) }
        #expect(try self.state(bench, id) == .submitted)
    }

    @Test("a running campaign that was changed in the database is not continued after a start")
    func alteredWhileRunning() throws {
        let bench = try LoopBench()
        try bench.addContacts(20)
        let id = try bench.start(LoopBench.campaign(Self.limits))
        try bench.execute("UPDATE campaign SET content = replace(content, 'max_messages: 5', 'max_messages: 6')")
        try bench.restart()
        let worker = try bench.connectedWorker("w1")
        #expect(worker.takeGrants().isEmpty)
        #expect(try bench.status(id).problem?.contains("changed in the database") == true)
    }

    @Test("the one who submitted cannot have approved, whatever the database says")
    func forgedApprover() throws {
        let (bench, id) = try self.approved()
        try bench.execute("UPDATE campaign SET approved_by = submitted_by")
        #expect(throws: OperationError.self) { try bench.step(.start, on: id) }
        try bench.execute("UPDATE campaign SET approved_by = NULL")
        #expect(throws: OperationError.self) { try bench.step(.start, on: id) }
    }

    @Test("an approval that is too old does not count, and can be renewed by another than the submitter")
    func expired() throws {
        let (bench, id) = try self.approved()
        bench.approvalMilliseconds = 1_000_000
        bench.advance(1_000_001)
        #expect(throws: OperationError.self) { try bench.step(.start, on: id) }
        #expect(try self.state(bench, id) == .approved)
        #expect(throws: OperationError.self) {
            try bench.step(.approve, on: id, by: Caller(name: "bob", role: .approver))
        }
        try bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
        #expect(try self.state(bench, id) == .running)
    }

    @Test("a campaign that is handed in anew has lost its approval")
    func replaced() throws {
        let (bench, id) = try self.approved()
        try bench.command { core in
            let plan = try CampaignPlan(
                source: LoopBench.campaign(Self.limits),
                fileName: "c.yaml",
                files: [:],
                id: id,
                names: try core.names()
            )
            let upload = CampaignFile(file: "c.yaml", source: LoopBench.campaign(Self.limits), files: [:])
            _ = try core.submit(CampaignDraft(upload: upload, plan: plan, relay: "main"), replacing: id, by: "eve")
        }
        #expect(try self.state(bench, id) == .submitted)
        #expect(throws: OperationError.self) { try bench.step(.start, on: id) }
        // Not even by the one who handed in the first version, if that is now the submitter.
        #expect(throws: OperationError.self) {
            try bench.step(.approve, on: id, by: Caller(name: "eve", role: .admin))
        }
        try bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
        #expect(try self.state(bench, id) == .running)
    }

    @Test("a segment that is defined anew changes nothing that was handed in")
    func segments() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        try bench.command { core in _ = try core.define(segment: "few", as: "name = 'Person 1'", by: "bob") }
        let source = LoopBench.campaign().replacing("{list: everyone}", with: "{segment: few}")
        let id = try bench.submit(source)
        try bench.command { core in _ = try core.define(segment: "few", as: "", by: "mallory") }
        try bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
        try bench.turn()
        #expect(try bench.status(id).audience == 1)
        try bench.restart()
        #expect(try bench.status(id).audience == 1)
    }

    @Test("a clone is a campaign of its own, and needs its own approval")
    func clone() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let first = try bench.start(LoopBench.campaign(Self.limits))
        try bench.command { core in
            let (draft, _) = try core.draftClone(of: first)
            _ = try core.submit(draft, replacing: nil, by: "ann")
        }
        let second = Campaign.ID(first.rawValue + 1)
        #expect(try self.state(bench, second) == .submitted)
        #expect(try bench.status(second).digest == bench.status(first).digest)
        // Ann handed this one in.
        #expect(throws: OperationError.self) {
            try bench.step(.approve, on: second, by: Caller(name: "ann", role: .approver))
        }
        try bench.step(.approve, on: second, by: Caller(name: "bob", role: .approver))
        #expect(try self.state(bench, second) == .running)
    }
}

/// A record that the loop hands out.
private final class SharedRecord: Sendable {
    private let state = Mutex<CampaignRecord?>(nil)

    var record: CampaignRecord? { self.state.withLock { $0 } }

    func set(_ record: CampaignRecord) { self.state.withLock { $0 = record } }
}
