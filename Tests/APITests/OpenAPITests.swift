import Domain
import Foundation
import Hummingbird
import HummingbirdTesting
import Testing
import Yams

@testable import CoordinatorCore

@Suite("The OpenAPI file")
struct OpenAPITests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/openapi.yaml").standardizedFileURL

    /// `GET /v1/campaigns/{id} viewer` for every operation of the file.
    private func described() throws -> Set<String> {
        let document = try #require(try Yams.load(yaml: OpenAPIDocument.text) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        var found: Set<String> = []
        for (path, operations) in paths {
            for (method, operation) in operations {
                let role = (operation as? [String: Any])?["x-role"] as? String
                found.insert("\(method.uppercased()) \(path) \(role ?? "without x-role")")
            }
        }
        return found
    }

    @Test("what the coordinator serves is docs/openapi.yaml")
    func served() async throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(OpenAPIDocument.text == text, "docs/openapi.yaml was changed: run make openapi")
        let response = try await APITestbed().send(.get, "/openapi.yaml")
        #expect(response.headers[.contentType] == "application/yaml")
        #expect(response.text == text)
    }

    @Test("every route stands in the file with its role, and nothing else does")
    func routes() throws {
        let served = Set(
            APITestbed().server.table.routes.map { "\($0.method.rawValue) \($0.path) \($0.role?.name ?? "none")" }
        )
        let described = try self.described()
        for route in served.subtracting(described).sorted() {
            Issue.record(
                """
                docs/openapi.yaml lacks "\(route)". Add the path and the method there, with operationId, summary, x-role, \
                parameters, requestBody and responses (copy the operation that is most like it), then run: make openapi
                """
            )
        }
        for route in described.subtracting(served).sorted() {
            Issue.record("docs/openapi.yaml has \"\(route)\", which the coordinator does not serve with that role")
        }
    }

    @Test("every reference leads somewhere")
    func references() throws {
        let document = try #require(try Yams.load(yaml: OpenAPIDocument.text) as? [String: Any])
        func visit(_ value: Any) {
            if let object = value as? [String: Any] {
                if let reference = object["$ref"] as? String {
                    var place: Any? = document
                    for part in reference.split(separator: "/").dropFirst() {
                        place = (place as? [String: Any])?[String(part)]
                    }
                    #expect(place != nil, "\(reference)")
                }
                for inner in object.values { visit(inner) }
            } else if let list = value as? [Any] {
                for inner in list { visit(inner) }
            }
        }
        visit(document)
    }
}
