import Domain
import Storage
import Telemetry
import Testing

@testable import CoordinatorCore

@Suite("The loop: who did what")
struct LoopAuditTests {
    private func rows(_ bench: LoopBench) throws -> [(head: AuditHead, entry: AuditEntry)] {
        try bench.read { connection throws(StoreError) in
            try AuditStore(connection).entries(above: 0, count: 100)
        }
    }

    @Test("every step of a campaign is noted with who, what, digest and where from, and the log tells how far it is")
    func steps() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign())
        try bench.turn([
            .command(
                LoopCommand(
                    body: { core in
                        let rules = ApprovalRules(allowsSubmitter: false, expiresMilliseconds: 1_000)
                        _ = try core.take(.pause, on: id, by: Caller(name: "bob", role: .operator), rules: rules)
                    },
                    finished: { _ in },
                    origin: "192.0.2.7"
                )
            )
        ])
        try bench.step(.cancel, on: id)
        let rows = try self.rows(bench)
        let expected = [
            "bob submit c1 ", "ann start c1 ", "ann approve c1 ", "bob pause c1 192.0.2.7", "bob cancel c1 ",
        ]
        #expect(rows.map { "\($0.entry.who) \($0.entry.act) \($0.entry.subject) \($0.entry.origin)" } == expected)
        #expect(rows.allSatisfy { $0.entry.digest.count == 64 })
        let logged = bench.notes.filter { $0.event == .audit }.map { note in
            note.fields.first { $0.key == .hash }.map { "\($0.value)" } ?? ""
        }
        #expect(logged.last == rows.last?.head.hash.hexadecimal)
    }

    @Test("a step that is refused, or whose turn cannot be committed, is not noted")
    func refused() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.submit(LoopBench.campaign())
        #expect(throws: OperationError.self) {
            try bench.step(.approve, on: id, by: Caller(name: "bob", role: .approver))
        }
        bench.connection.failsNext = true
        #expect(throws: StoreError.self) {
            try bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
        }
        #expect(try self.rows(bench).map(\.entry.act) == ["submit"])
        try bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
        #expect(try self.rows(bench).map(\.entry.act) == ["submit", "start", "approve"])
    }

    @Test("only an approver approves, and not what the same one submitted", arguments: Role.allCases)
    func approver(role: Role) throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.submit(LoopBench.campaign())
        if role >= .approver {
            try bench.step(.approve, on: id, by: Caller(name: "ann", role: role))
        } else {
            #expect(throws: OperationError.self) {
                try bench.step(.approve, on: id, by: Caller(name: "ann", role: role))
            }
        }
        #expect(try bench.status(id).state == (role >= .approver ? .running : .submitted))
    }
}
