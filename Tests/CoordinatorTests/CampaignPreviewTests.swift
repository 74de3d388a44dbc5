import Domain
import Engine
import Testing
import UserFiles

@testable import CoordinatorCore
@testable import Storage

@Suite("Messages that are shown and tried")
struct CampaignPreviewTests {
    private func messageID(of parcel: TestDelivery.Parcel?) throws -> String {
        let text = String(decoding: try #require(parcel).message, as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("message-id:") }
        return String(try #require(line))
    }

    @Test("no two tests have the same Message-ID")
    func messageIDs() throws {
        let settings = try Settings.parse(
            "test_addresses: [me@operator.example]",
            file: "postrider.yaml",
            folder: "/tmp",
            environment: [:]
        )
        let desk = TestDesk(addresses: settings.testAddresses, relays: settings.relays, signing: [:])
        let way = try desk.way(to: "me@operator.example", over: "main")
        var names = ExpressionNames(fields: [Field(name: "name", type: .text)])
        names.lists = ["everyone"]
        let plan = try CampaignPlan(
            source: LoopBench.campaign(),
            fileName: "c.yaml",
            files: [:],
            id: Campaign.ID(1),
            names: names
        )
        let row = PreviewRow(
            contact: Contact.ID(1),
            address: "p1@example.org",
            isSuppressed: false,
            lacksConsent: false,
            isChosen: true,
            holds: [],
            values: ["Zoe"]
        )
        var seen: Set<String> = []
        for key in [[UInt8](repeating: 1, count: 16), [UInt8](repeating: 2, count: 16)] {
            let preview = try CampaignPreview(plan, testKey: key)
            for number in 0..<3 {
                let test = try preview.test(for: row, number: number, along: way, at: Timestamp(milliseconds: 0))
                seen.insert(try self.messageID(of: test))
            }
        }
        #expect(seen.count == 6, "\(seen)")
    }
}
