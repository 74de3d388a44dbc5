import Domain
import Testing
import UserFiles

@testable import CoordinatorCore

@Suite("Who may be sent tests")
struct TestDeskTests {
    private func desk() throws -> TestDesk {
        let settings = try Settings.parse(
            "test_addresses: [Me@Operator.example]",
            file: "postrider.yaml",
            folder: "/tmp",
            environment: [:]
        )
        return TestDesk(addresses: settings.testAddresses, relays: settings.relays, signing: [:])
    }

    @Test("the addresses of the configuration, however they are spelled, and nobody else")
    func addresses() throws {
        let desk = try self.desk()
        let way = try desk.way(to: "me@OPERATOR.example", over: "main")
        #expect(way.key == "me@operator.example")
        for stranger in ["ann@operator.example", "me@operator.example.org"] {
            let error = #expect(throws: OperationError.self) { try desk.way(to: stranger, over: "main") }
            guard case .notAllowed = error else { throw try #require(error) }
        }
        #expect(throws: OperationError.self) { try desk.way(to: "me@operator.example", over: "other") }
    }

    @Test("a hundred in an hour, and not one more")
    func limit() throws {
        let desk = try self.desk()
        for _ in 0..<10 { try desk.take(10) }
        #expect(throws: OperationError.self) { try desk.take(1) }
    }
}
