import Domain
import Signing
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: who signs")
struct LoopSigningTests {
    private static func key(_ domain: String) throws -> SigningKey {
        try SigningKey(pem: try SigningKey.makePEM(.ed25519), domain: domain, selector: "s1")
    }

    @Test("workers get the keys that fit the sender's domain, and no others")
    func keys() throws {
        let keys = [try Self.key("b.example"), try Self.key("other.example"), try Self.key("mail.b.example")]
        let bench = try LoopBench { $0.relays["main"]?.signing = .keys(keys) }
        try bench.addContacts(3)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        #expect(worker.contents.first?.signing.map(\.domain) == ["b.example", "mail.b.example"])
        #expect(worker.contents.first?.signing.first?.key.contains("PRIVATE KEY") == true)
    }

    @Test("a campaign that nobody would sign does not start")
    func refused() throws {
        let keys = [try Self.key("other.example")]
        let bench = try LoopBench { $0.relays["main"]?.signing = .keys(keys) }
        try bench.addContacts(3)
        let problem = #expect(throws: OperationError.self) { _ = try bench.start(LoopBench.campaign()) }
        #expect("\(String(describing: problem))".contains("signs for b.example; its keys sign for: other.example"))
    }

    @Test("a running campaign whose key was taken away goes no further, and says so")
    func keyGone() throws {
        let bench = try LoopBench()
        try bench.addContacts(100)
        let id = try bench.start(LoopBench.campaign())
        bench.options.relays["main"]?.signing = .keys([try Self.key("other.example")])
        try bench.restart()
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<3 { try bench.turn([worker.credit(at: bench.now)]) }
        #expect(worker.grantedTargets == 0)
        #expect(try bench.status(id).problem?.contains("signs for b.example") == true)
    }
}
