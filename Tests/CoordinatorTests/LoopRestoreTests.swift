import Domain
import Engine
import Foundation
import Storage
import StorageSQLite
import Synchronization
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: restored backups and copied folders")
struct LoopRestoreTests {
    private static let place = PlaceIdentity(
        machine: "m1",
        folder: FileIdentity(inode: 7, birth: 1_000),
        path: "/srv/data"
    )

    /// What the marker says, as a disk would keep it.
    private final class Disk: Sendable {
        private let epoch = Mutex<Epoch?>(nil)
        private let isFull = Mutex(false)

        var marker: Epoch? { self.epoch.withLock { $0 } }
        func fill(_ full: Bool) { self.isFull.withLock { $0 = full } }

        func write(_ epoch: Epoch) throws(StoreError) {
            guard !self.isFull.withLock({ $0 }) else { throw .full("no space left") }
            self.epoch.withLock { $0 = epoch }
        }

        var found: PlaceCheck.Found {
            PlaceCheck.Found(
                place: LoopRestoreTests.place,
                marker: self.marker.map { PlaceCheck.Marker(epoch: $0, isOriginal: true) }
            )
        }

        func change(_ options: inout LoopOptions) {
            options.place = self.found
            options.writeMarker = { epoch throws(StoreError) in try self.write(epoch) }
        }
    }

    /// A campaign of 300 of which 50 were accepted at the backup, and 150 more since.
    private struct Scene {
        let disk = Disk()
        let world: LoopBench
        let worker: ScriptedWorker
        let id: Campaign.ID
        let first: WireGrant
        let last: WireGrant
        let backup: String

        init(_ more: String = "", beforeBackup: (LoopBench) throws -> Void = { _ in }) throws {
            let disk = self.disk
            self.world = try LoopBench { disk.change(&$0) }
            try self.world.addContacts(300)
            self.id = try self.world.start(LoopBench.campaign(more))
            self.worker = try self.world.connectedWorker("w1", credit: 100)
            try self.world.turn([self.worker.credit(0, at: self.world.now)])
            self.first = try #require(self.worker.takeGrants().last)
            try self.world.turn([self.worker.report(.accepted, of: self.first, only: 0..<50)])
            try beforeBackup(self.world)
            self.backup =
                FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).sqlite").path
            try self.world.execute("VACUUM INTO '\(self.backup)'")
            try self.world.turn([self.worker.report(.accepted, of: self.first, only: 50..<100)])
            try self.world.turn([self.worker.credit(100, at: self.world.now)])
            try self.world.turn([self.worker.credit(0, at: self.world.now)])
            self.last = try #require(self.worker.takeGrants().last)
            try self.world.turn([self.worker.report(.accepted, of: self.last)])
            self.worker.highestEpoch = self.last.epoch
            let core = self.world.core
            try self.world.read { _ throws(StoreError) in try core.closeEpochs() }
        }

        /// Changes the backup before it is restored.
        func edit(_ sql: String) throws {
            let database = try SQLiteDatabase(path: self.backup, profile: .ledger, applicationID: Schema.ledgerID)
            try database.access { connection throws(StoreError) in try connection.execute(sql) }
            try database.close()
        }

        func end() { try? FileManager.default.removeItem(atPath: self.backup) }

        /// A coordinator on the backup, in the folder that went on since.
        func restore() throws -> LoopBench {
            let disk = self.disk
            return try LoopBench(path: self.backup) { disk.change(&$0) }
        }
    }

    private func accept(_ bench: LoopBench) throws -> RestoreStatus {
        let answer = Mutex<RestoreStatus?>(nil)
        try bench.command { core in
            let status = try core.acceptRestore(by: "root")
            answer.withLock { $0 = status }
        }
        return try #require(answer.withLock { $0 })
    }

    private func settle(_ bench: LoopBench) throws { for _ in 0..<5 { try bench.turn() } }

    @Test("nothing is granted on a restored database, not even after a restart, and it says why")
    func sendsNothing() throws {
        let scene = try Scene()
        defer { scene.end() }
        let bench = try scene.restore()
        let worker = try bench.connectedWorker("w2")
        #expect(worker.isWelcome && worker.grants.isEmpty)
        #expect(try bench.status(scene.id).problem?.contains("accept-restore") == true)
        #expect(bench.core.snapshot().restored != nil)
        #expect(bench.notes.contains { "\($0.event) \($0.level)" == "restored error" })
        worker.disconnect()
        try bench.restart()
        try bench.turn([worker.hello()])
        for _ in 0..<3 {
            bench.advance(5_000)
            try bench.turn([worker.credit(at: bench.now)])
        }
        #expect(worker.grants.isEmpty)
        let counts = try bench.status(scene.id).counts
        #expect(counts.accepted == 50 && counts.pending == 250 && counts.sum == 300)
    }

    @Test("a database that is older than its workers' memory is noticed when they come", arguments: [false, true])
    func noticedByWorker(byReport: Bool) throws {
        let scene = try Scene()
        defer { scene.end() }
        // A snapshot of the whole disk: nothing in the folder tells.
        let bench = try LoopBench(path: scene.backup)
        let other = try bench.connectedWorker("w2", credit: 10)
        #expect(other.grantedTargets == 10)
        let grant = try #require(other.takeGrants().last)
        if byReport {
            let worker = try bench.connectedWorker("w1", credit: 0)
            try bench.turn([worker.report(.accepted, of: scene.last)])
            #expect(worker.acknowledged == [1])
        } else {
            let worker = bench.worker("w1")
            worker.highestEpoch = scene.last.epoch
            try bench.turn([worker.hello()])
            #expect(worker.isWelcome)
        }
        #expect(bench.core.restored != nil)
        #expect(other.recalled == [grant.epoch])
        // Its word on what was sent counts, and nothing of what it wants done next.
        try bench.turn([other.report(.accepted, of: grant, only: 0..<4)])
        try bench.turn([other.report(.returned, of: grant, only: 4..<10)])
        bench.advance(5_000)
        try bench.turn([other.credit(at: bench.now)])
        #expect(other.takeGrants().isEmpty)
        #expect(try bench.status(scene.id).counts.accepted == 54)
        _ = try self.accept(bench)
        try self.settle(bench)
        let counts = try bench.status(scene.id).counts
        #expect(counts.accepted == 54 && counts.inDoubt == 246)
        #expect(bench.core.restored == nil)
    }

    @Test(
        "after it is accepted, what may have been granted since is in doubt, and nothing is sent",
        arguments: [false, true]
    )
    func acceptedIsInDoubt(restarts: Bool) throws {
        let scene = try Scene("on_doubt: resend")
        defer { scene.end() }
        let bench = try scene.restore()
        let worker = scene.worker
        let again = bench.worker("w1")
        again.highestEpoch = worker.highestEpoch
        try bench.turn([again.hello()])
        let answer = try self.accept(bench)
        #expect(answer.campaigns.map(\.targets) == [250] && answer.reason != nil && !answer.restored)
        if restarts {
            bench.options.place = scene.disk.found
            try bench.restart()
            try bench.turn([again.hello()])
        }
        try bench.turn([again.credit(at: bench.now)])
        try self.settle(bench)
        bench.advance(100_000)
        try bench.turn([again.hello()])
        try bench.turn([again.credit(at: bench.now)])
        #expect(again.grants.isEmpty, "a restore waits for a decision whatever the campaign says of doubts")
        let status = try bench.status(scene.id)
        #expect(status.counts.accepted == 50 && status.counts.inDoubt == 250 && status.state == .finished)
        #expect(try bench.targets(scene.id).filter { $0.outcome == .inDoubt }.allSatisfy { $0.reason == "restored" })
        #expect(try bench.integer("SELECT count(DISTINCT contact) FROM target") == 300)
        #expect(try bench.integer("SELECT count(*) FROM ledger WHERE outcome = 5") == 250)
        // Asked again it changes nothing.
        #expect(try self.accept(bench).campaigns.isEmpty)
        #expect(try bench.status(scene.id).counts.inDoubt == 250)
    }

    @Test("what workers still know clears doubts, and what they want done next is not believed")
    func evidence() throws {
        let scene = try Scene()
        defer { scene.end() }
        let bench = try scene.restore()
        let worker = bench.worker("w1")
        worker.highestEpoch = scene.last.epoch
        #expect(try bench.status(scene.id).counts.leased == 0, "no lease of before counts as open")
        // It held this lease at the backup, and has it behind itself now.
        try bench.turn([worker.hello()])
        #expect(try bench.status(scene.id).counts.pending == 250)
        try bench.turn([worker.report(.accepted, of: scene.first, only: 50..<60)])
        try bench.turn([worker.report(.returned, of: scene.first, only: 60..<70)])
        try bench.turn([worker.report(.deferred, of: scene.first, only: 70..<80)])
        _ = try self.accept(bench)
        try self.settle(bench)
        #expect(try bench.status(scene.id).counts.accepted == 60)
        #expect(try bench.status(scene.id).counts.inDoubt == 240)
        try bench.turn([worker.report(.accepted, of: scene.first, only: 80..<90)])
        let status = try bench.status(scene.id)
        #expect(status.counts.accepted == 70 && status.counts.inDoubt == 230 && status.state == .finished)
    }

    @Test("epochs granted afterwards are above all that workers have seen")
    func epochsRise() throws {
        let scene = try Scene()
        defer { scene.end() }
        let bench = try scene.restore()
        let worker = bench.worker("w1")
        worker.highestEpoch = scene.last.epoch
        try bench.turn([worker.hello()])
        _ = try self.accept(bench)
        try self.settle(bench)
        let id = scene.id
        try bench.command { core in _ = try core.resolve(.resend, of: id, by: "bob") }
        bench.advance(70_000)
        try bench.turn([worker.hello()])
        try bench.turn([worker.credit(at: bench.now)])
        let grant = try #require(worker.takeGrants().first)
        #expect(Epoch(grant.epoch).incarnation >= Epoch(scene.last.epoch).incarnation + 65_536)
        // A worker that was away and remembers the lost time surprises nobody.
        let late = bench.worker("w3")
        late.highestEpoch = scene.last.epoch + 5
        try bench.turn([late.hello()])
        #expect(bench.core.restored == nil && late.isWelcome)
    }

    @Test("doubts of a restore that are sent again stay paid for")
    func budget() throws {
        // 200 were accepted; of these the backup knows 50, and its budget's own count says 100.
        let scene = try Scene("budget: {max_messages: 350}")
        defer { scene.end() }
        let bench = try scene.restore()
        _ = try self.accept(bench)
        try self.settle(bench)
        let id = scene.id
        #expect(try bench.status(id).counts.inDoubt == 250)
        try bench.command { core in _ = try core.resolve(.resend, of: id, by: "bob") }
        try self.settle(bench)
        bench.advance(70_000)
        let worker = try bench.connectedWorker("w2")
        for _ in 0..<8 {
            for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
            bench.advance(1_000)
            try bench.turn([worker.credit(at: bench.now)])
        }
        // 50 were accepted and 250 may have been: 50 are left.
        #expect(try bench.status(id).counts.accepted == 100)
        #expect(try bench.status(id).state == .paused)
        #expect(try bench.integer("SELECT used FROM campaign_budget") == 350)
    }

    @Test("contacts that were frozen only after the backup are in doubt, too")
    func frozenSince() throws {
        let scene = try Scene()
        defer { scene.end() }
        try scene.edit(
            """
            UPDATE campaign SET frozen = 0, freeze_cursor = 250;
            DELETE FROM target WHERE contact > 250;
            UPDATE lane SET audience =
                (SELECT count(*) FROM target t WHERE t.campaign = lane.campaign AND t.lane = lane.lane)
            """
        )
        let bench = try scene.restore()
        _ = try self.accept(bench)
        try self.settle(bench)
        let counts = try bench.status(scene.id).counts
        #expect(counts.accepted == 50 && counts.inDoubt == 250)
    }

    @Test("a campaign that was approved and had not started needs another approval")
    func approvalIsVoid() throws {
        let scene = try Scene { world in
            let id = try world.submit(LoopBench.campaign())
            try world.execute("UPDATE campaign SET state = 'approved', approved_by = 'x' WHERE id = \(id.rawValue)")
        }
        defer { scene.end() }
        let bench = try scene.restore()
        #expect(throws: OperationError.self) { try bench.step(.start, on: Campaign.ID(2)) }
        _ = try self.accept(bench)
        #expect(try bench.status(Campaign.ID(2)).state == .submitted)
        #expect(try bench.status(Campaign.ID(2)).approvedAt == nil)
    }

    @Test("operators' steps are refused with the remedy until it is accepted", arguments: CampaignStep.allCases)
    func refused(step: CampaignStep) throws {
        let scene = try Scene()
        defer { scene.end() }
        let bench = try scene.restore()
        #expect {
            try bench.step(step, on: scene.id)
        } throws: { error in
            guard case .conflict(let text)? = error as? OperationError else { return false }
            return text.contains("accept-restore")
        }
    }

    @Test("a new database goes above what workers remember of another one, without a word from anybody")
    func newDatabase() throws {
        let bench = try LoopBench()
        let worker = bench.worker("w1")
        worker.highestEpoch = Epoch(incarnation: 9, counter: 3).rawValue
        try bench.turn([worker.hello()])
        #expect(bench.core.restored == nil && worker.isWelcome)
        try bench.addContacts(3)
        _ = try bench.start(LoopBench.campaign())
        try bench.turn([worker.credit(at: bench.now)])
        #expect(try #require(worker.takeGrants().first).epoch > worker.highestEpoch)
    }

    @Test("an epoch that no coordinator can have granted stops nobody else")
    func absurd() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        _ = try bench.start(LoopBench.campaign())
        let worker = bench.worker("w1")
        worker.highestEpoch = .max
        try bench.turn([worker.hello()])
        #expect(!worker.isWelcome && worker.problems.count == 1 && bench.core.restored == nil)
        #expect(try bench.connectedWorker("w2").grantedTargets == 3)
    }

    // The marker.

    @Test("no grant is ever above the marker, and nothing is granted while it cannot be moved")
    func marker() throws {
        let disk = Disk()
        let bench = try LoopBench { disk.change(&$0) }
        try bench.addContacts(2_000)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1", credit: 1)
        worker.takesGrant = { grant in
            #expect(disk.marker.map { $0.rawValue >= grant.epoch } == true)
        }
        disk.fill(true)
        for _ in 0..<200 {
            for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
            try bench.turn([worker.credit(1, at: bench.now)])
        }
        let stuck = bench.core.counters.grants
        #expect(stuck < 150, "what was reserved is used up")
        #expect(bench.core.nextTurn != nil)
        disk.fill(false)
        for _ in 0..<200 {
            for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
            try bench.turn([worker.credit(1, at: bench.now)])
        }
        #expect(bench.core.counters.grants > stuck + 150)
    }

    @Test("after an end in order, a copy of the database from before is behind the marker")
    func closing() throws {
        let disk = Disk()
        let bench = try LoopBench { disk.change(&$0) }
        let before = try #require(disk.marker)
        let core = bench.core
        try bench.read { _ throws(StoreError) in try core.closeEpochs() }
        #expect(try #require(disk.marker) > before)
        bench.options.place = disk.found
        try bench.restart()
        #expect(bench.core.restored == nil)
    }

    @Test("a folder from before places were known is at home where it is")
    func upgrade() throws {
        let bench = try LoopBench()
        try bench.execute("DELETE FROM meta WHERE key IN ('place', 'epochs_reserved', 'had_marker')")
        let disk = Disk()
        disk.change(&bench.options)
        try bench.restart()
        #expect(bench.core.restored == nil && disk.marker != nil)
        // From then on it is watched.
        bench.options.place?.place = PlaceIdentity(
            machine: "m2",
            folder: FileIdentity(inode: 1, birth: 1),
            path: "/elsewhere"
        )
        try bench.restart()
        #expect(bench.core.restored != nil)
    }
}
