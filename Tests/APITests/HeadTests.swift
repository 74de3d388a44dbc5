import Domain
import Hummingbird
import HummingbirdTesting
import Testing

@testable import CoordinatorCore

@Suite("HEAD")
struct HeadTests {
    @Test("every address that can be got says its head alone, with the same status and headers")
    func everyGet() async throws {
        let bed = APITestbed()
        let paths = bed.server.table.routes.filter { $0.method == .get }.map {
            $0.path.replacing("/campaigns/{id}", with: "/campaigns/c1").replacing("{id}", with: "i1")
                .replacing("{name}", with: "iowa")
        }
        #expect(paths.count > 15)
        for path in paths {
            let full = try await bed.send(.get, path, as: .admin, over: .live)
            let head = try await bed.send(.head, path, as: .admin, over: .live)
            #expect(head.status == full.status, "\(path)")
            #expect(head.body.readableBytes == 0, "\(path)")
            // What is counted and timed between both may be longer.
            let changing = ["/metrics"].contains(path)
            for field in full.headers where ![.date, .connection].contains(field.name) {
                guard !(changing && field.name == .contentLength) else { continue }
                #expect(head.headers[field.name] == field.value, "\(path): \(field.name)")
            }
            #expect(full.headers[.contentLength] != nil || head.headers[.connection] == "close", "\(path)")
        }
    }

    @Test("what is refused is refused without a body too", arguments: [("/v1/nothing", 404), ("/v1/why", 405)])
    func refused(path: String, status: Int) async throws {
        let response = try await APITestbed().send(.head, path, as: .admin, over: .live)
        #expect(response.status.code == status)
        #expect(response.headers[.contentType] == "application/problem+json")
        #expect(response.body.readableBytes == 0)
    }

    @Test("it needs the role that GET needs")
    func role() async throws {
        let bed = APITestbed()
        #expect(try await bed.send(.head, "/v1/workers").status == .unauthorized)
        #expect(try await bed.send(.head, "/v1/tokens", as: .operator).status == .forbidden)
        #expect(bed.operations.calls.isEmpty)
    }
}
