import Domain
import Intake
import Storage
import UserFiles

/// What single people would get, and tests of it.
extension CoordinatorOperations {
    func preview(_ request: PreviewRequest, by caller: Caller) async throws -> PreviewAnswer {
        let plan = try self.plan(request.campaign, names: try await self.reads.names())
        let way = try await self.way(of: request, plan)
        let rows = try await self.rows(of: request, plan)
        let now = WallClock.now()
        var messages = try Self.orInvalid { () throws(PlanProblems) in
            let preview = try CampaignPreview(plan)
            return try rows.map { row throws(PlanProblems) in try preview.message(for: row, at: now) }
        }
        guard let way else { return PreviewAnswer(messages: messages) }
        let parcels = try Self.orInvalid { () throws(PlanProblems) in
            let preview = try CampaignPreview(plan, testKey: Self.testKey())
            return try rows.enumerated().map { number, row throws(PlanProblems) in
                try preview.test(for: row, number: number, along: way, at: now)
            }
        }
        let tests = try await self.send(parcels, along: way, request, by: caller)
        for (index, test) in tests.enumerated() { messages[index].test = test }
        return PreviewAnswer(messages: messages)
    }

    /// Another one for each request: no two tests may have the same Message-ID (RFC 5322 section 3.6.4).
    private static func testKey() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    private static func orInvalid<Result>(_ body: () throws(PlanProblems) -> Result) throws -> Result {
        do throws(PlanProblems) {
            return try body()
        } catch {
            throw OperationError.invalid(error.diagnostics)
        }
    }

    private func rows(of request: PreviewRequest, _ plan: CampaignPlan) async throws -> [PreviewRow] {
        let audience = try await self.audience(of: plan)
        let query = PreviewQuery(
            bar: plan.bar,
            consent: self.consentNeed(plan),
            audience: audience,
            conditions: plan.conditions,
            fields: plan.fields
        )
        if let address = request.contact {
            guard case .success(let parsed) = AddressParser.parse(address) else {
                throw OperationError.invalid([Diagnostic(.error, "'\(address.prefix(80))' is no address")])
            }
            guard let row = try await self.reads.contact(parsed.key, query) else {
                throw OperationError.notFound("there is no contact with the address \(parsed.text)")
            }
            return [row]
        }
        guard let count = request.sample, (1...PreviewRequest.sampleMax).contains(count) else {
            throw OperationError.invalid([
                Diagnostic(.error, "say contact, or sample from 1 to \(PreviewRequest.sampleMax)")
            ])
        }
        let seed = UInt64(bitPattern: Int64(request.seed ?? 0))
        return try await self.reads.sample(count, seed: seed, of: audience, query)
    }

    /// Where tests of a request go; `nil` when it wants none.
    private func way(of request: PreviewRequest, _ plan: CampaignPlan) async throws -> TestDesk.Way? {
        guard let recipient = request.sendTo else { return nil }
        let way = try self.tests.way(to: recipient, over: try self.relay(of: plan, in: request.campaign))
        guard request.sample ?? 1 <= PreviewRequest.testsMax else {
            throw OperationError.invalid([
                Diagnostic(.error, "at most \(PreviewRequest.testsMax) tests are sent at once")
            ])
        }
        // Nothing goes around the list, not even a test.
        if let found = try await self.reads.suppression(of: way.key) {
            throw OperationError.conflict(
                "\(way.recipient) is suppressed since \(found.at.rfc3339) (\(found.reason.rawValue)); "
                    + "'postrider suppress remove' takes it off the list"
            )
        }
        return way
    }

    /// Sends tests one after the other.
    private func send(
        _ parcels: [TestDelivery.Parcel?],
        along way: TestDesk.Way,
        _ request: PreviewRequest,
        by caller: Caller
    ) async throws -> [PreviewMessage.Test] {
        try self.tests.take(parcels.count { $0 != nil })
        let digest = ContentDigest.of(request.source.utf8)
        let relay = way.relay.name
        // Noted before, so that nothing leaves that is not noted.
        try await self.loop.ask { try $0.audit("send_test", on: relay, by: caller.name, digest: digest) }
        var tests: [PreviewMessage.Test] = []
        for parcel in parcels {
            guard let parcel else {
                tests.append(PreviewMessage.Test(accepted: false, text: "there is no message to send"))
                continue
            }
            let outcome = await TestDelivery.send(parcel, through: way.relay)
            tests.append(PreviewMessage.Test(accepted: outcome.isAccepted, text: outcome.text))
        }
        return tests
    }
}
