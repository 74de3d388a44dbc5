import Domain
import Foundation
import Hummingbird
import HummingbirdTesting
import NIOCore
import Synchronization
import Testing

@testable import CoordinatorCore

@Suite("Streams")
struct StreamTests {
    private static func row(_ number: Int64, reply: RelayReply? = nil) -> TargetRow {
        TargetRow(
            contact: number,
            address: "ann\"\(number)@x.example",
            site: "x.example",
            variant: "jobs",
            outcome: "bounced",
            reason: reply == nil ? nil : "mailbox",
            attempts: 1,
            at: Timestamp(milliseconds: 0),
            relay: "main",
            reply: reply
        )
    }

    @Test("targets come as one JSON object a line, over a real connection")
    func targets() async throws {
        let bed = APITestbed()
        let reply = RelayReply(code: 550, status: "5.1.1", text: "no such\tuser \u{1} \\ é 🎉")
        bed.operations.memory.withLock { memory in
            memory.targetPages = [(1...300).map { Self.row($0) }, [], [Self.row(301, reply: reply)]]
        }
        let response = try await bed.send(.get, "/v1/campaigns/c1/targets", as: .viewer, over: .live)
        #expect(response.headers[.contentType] == "application/x-ndjson")
        let lines = response.text.split(separator: "\n")
        try #require(lines.count == 301)
        for line in [lines[0], lines[300]] {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            let keys = [
                "contact", "address", "site", "variant", "outcome", "reason", "attempts", "at", "relay", "reply",
            ]
            #expect(Set(object.keys) == Set(keys))
        }
        let first = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any] ?? [:]
        #expect(first["address"] as? String == "ann\"1@x.example")
        #expect(first["reason"] is NSNull)
        #expect(first["reply"] is NSNull)
        let last = try JSONSerialization.jsonObject(with: Data(lines[300].utf8)) as? [String: Any] ?? [:]
        let told = last["reply"] as? [String: Any] ?? [:]
        #expect(told["code"] as? Int == 550)
        #expect(told["text"] as? String == reply.text)
        #expect(last["at"] as? String == "1970-01-01T00:00:00.000Z")
    }

    struct Broken: Error {}

    @Test("an answer that breaks in the middle does not look whole")
    func brokenStream() async throws {
        let bed = APITestbed()
        bed.operations.memory.withLock { memory in
            memory.targetPages = [[Self.row(1)]]
            memory.endOfPages = Broken()
        }
        await #expect(throws: (any Error).self) {
            try await bed.send(.get, "/v1/campaigns/c1/targets", as: .viewer, over: .live)
        }
    }

    @Test("an error before the first page has its status")
    func earlyError() async throws {
        let bed = APITestbed()
        bed.operations.memory.withLock { $0.failure = OperationError.notFound("There is no campaign c9.") }
        let response = try await bed.send(.get, "/v1/campaigns/c9/targets", as: .viewer, over: .live)
        #expect(response.status == .notFound)
    }

    @Test("an import larger than any other body streams through")
    func largeImport() async throws {
        let bed = APITestbed()
        let size = 3 * RequestInput.bodyBytesMax
        let body = String(repeating: "a@x.example\n", count: size / 12)
        let response = try await bed.send(.post, "/v1/imports?file=a.csv", as: .operator, body: body, over: .live)
        #expect(response.status == .ok)
        #expect(bed.operations.memory.withLock { $0.importedBytes } == body.utf8.count)
    }

    @Test("rejects come as CSV")
    func rejects() async throws {
        let response = try await APITestbed().send(.get, "/v1/imports/i1/rejects", as: .operator, over: .live)
        #expect(response.headers[.contentType]?.hasPrefix("text/csv") == true)
        #expect(response.text == "line,column,reason\n3,2,no address\n")
    }
}
