import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: campaigns that cannot be continued")
struct LoopUnreadableTests {
    /// A campaign with links in its text, whose coordinator came back without an address for them; a worker still has 20 of its 50 targets.
    private func scene() throws -> (LoopBench, ScriptedWorker, WireGrant, Campaign.ID) {
        let links = UnsubscribeLinks(publicURL: "https://go.example", key: UnsubscribeKey([7]))
        let bench = try LoopBench { $0.links = links }
        try bench.addContacts(50)
        let id = try bench.start(LoopBench.campaign().replacing("{{name}}", with: "{{unsubscribe_url}}"))
        let worker = try bench.connectedWorker("w1", credit: 20)
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.report(.bounced, of: grant, only: 0..<5)])
        // What it was granted in their place.
        _ = worker.takeGrants()
        bench.options.links = nil
        try bench.restart()
        #expect(try bench.status(id).problem?.contains("it cannot be continued") == true)
        return (bench, worker, grant, id)
    }

    @Test("no decision about its targets brings it back", arguments: ["retry", "resend", "skip"])
    func decisions(act: String) throws {
        let (bench, worker, _, id) = try self.scene()
        let problem = #expect(throws: OperationError.self) {
            try bench.command { core in
                switch act {
                case "retry": _ = try core.retry(.bounced, of: id, by: "bob")
                case "resend": _ = try core.resolve(.resend, of: id, by: "bob")
                default: _ = try core.resolve(.skip, of: id, by: "bob")
                }
            }
        }
        #expect("\(String(describing: problem))".contains("cannot be continued"))
        #expect(bench.core.campaigns[id]?.plan == nil)
        #expect(try bench.status(id).problem?.contains("it cannot be continued") == true)
        let other = try bench.connectedWorker("w2")
        try bench.turn([worker.hello()])
        try bench.turn([worker.credit(at: bench.now)])
        #expect(other.grantedTargets == 0 && worker.grants.isEmpty)
    }

    @Test("nobody of it is left to others while it is being settled")
    func isNotOver() throws {
        let (bench, _, _, id) = try self.scene()
        bench.options.links = UnsubscribeLinks(publicURL: "https://go.example", key: UnsubscribeKey([7]))
        try bench.restart()
        // What is under way keeps it from being over.
        try bench.step(.cancel, on: id)
        bench.options.links = nil
        try bench.restart()
        #expect(try bench.status(id).state == .cancelled)
        #expect(bench.core.unreadable[id] != nil)
        #expect(throws: OperationError.self) {
            try bench.command { core in _ = try core.draftClone(of: id, CloneChange(isForUnsent: true)) }
        }
    }
}
