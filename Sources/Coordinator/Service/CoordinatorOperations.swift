import Domain
import Engine
import Foundation
import Logging
import NIOCore
import Signing
import Storage
import Synchronization
import Telemetry
import TimeZones
import Transport
import UserFiles

/// ``Operations`` on the loop and the readers: writes go through the loop, questions beside it.
struct CoordinatorOperations: Operations {
    let loop: CoordinatorLoop
    let imports: ImportService
    let rehearsals: ImportRehearsals
    let erasures: ErasureService
    let reads: Reads
    let approvals: ApprovalRules
    /// Names of the configured relays, in file order.
    let relays: [String]
    /// What a message costs, by the relay's name.
    let prices: [String: Money]
    /// Who signs, by the relay's name.
    let signing: [String: RelaySigning]
    /// For tests that the coordinator sends itself.
    let tests: TestDesk
    let admission: WorkerAdmission
    /// Messages carry links to unsubscribe.
    let hasLinks: Bool
    let tokens: TokenDesk
    let importTelemetry: ImportTelemetry
    /// The configuration's, besides a campaign's own.
    let caps: [FrequencyCap]
    let zones: any ZoneSource
    /// The zone of campaigns that name none.
    let homeZone: String
    /// Of the addresses that must not be written to.
    let addressKey: AddressKey
    /// What channels need before somebody is written to.
    let consent: ConsentProfile

    func readiness() async -> Readiness {
        let snapshot = self.loop.snapshot.withLock { $0 }
        return Readiness(
            ready: snapshot.counters.turns > 0,
            workers: snapshot.sessions,
            process: Int(ProcessInfo.processInfo.processIdentifier),
            restored: snapshot.restored
        )
    }

    func importContacts(
        _ request: ImportRequest,
        body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        by caller: Caller
    ) async throws -> ImportAnswer {
        try self.checkBasis(of: request)
        if request.isDryRun { return try await self.rehearsals.run(request, body: body) }
        let start = ContinuousClock.now
        do {
            let answer = try await self.imports.run(request, body: body, by: caller.name)
            self.importTelemetry.finished(answer, request, by: caller, took: .now - start)
            return answer
        } catch {
            self.importTelemetry.failed(error, request, by: caller)
            throw error
        }
    }

    func rejects(ofImport id: String) async throws -> Pages<ByteBuffer> {
        try await self.imports.rejects(ofImport: id) { try await self.reads.isImport($0) }
    }

    func countSegment(_ question: SegmentQuestion) async throws -> SegmentCount {
        try await self.reads.countSegment(question.expression, by: question.by)
    }

    func segments() async throws -> [SegmentDefinition] { try await self.reads.segments() }

    func segment(named name: String) async throws -> SegmentDefinition {
        guard let found = try await self.reads.segments().first(where: { $0.name == name }) else {
            throw OperationError.notFound("there is no segment '\(name.prefix(80))'")
        }
        return found
    }

    func defineSegment(named name: String, as expression: String, by caller: Caller) async throws -> SegmentDefinition {
        try await self.loop.ask { try $0.define(segment: name, as: expression, by: caller.name) }
    }

    // Campaigns.

    func check(_ file: CampaignFile) async throws -> CampaignCheck {
        let plan = try self.plan(file, names: try await self.reads.names())
        _ = try self.relay(of: plan, in: file)
        return self.found(plan, try await self.fold(plan))
    }

    /// What contacts must have one of before they are written to.
    func consentNeed(_ plan: CampaignPlan) -> ConsentMarks { self.consent.need(for: plan.file.channel.rawValue) }

    /// What the campaign would do with each contact of its audience; caps are counted as of `moment`, which is now without one.
    func fold(_ plan: CampaignPlan, at moment: Timestamp? = nil) async throws -> AudienceFold {
        try await self.reads.audience(
            bar: plan.bar,
            consent: self.consentNeed(plan),
            try await self.audience(of: plan),
            conditions: plan.groupConditions,
            fields: plan.fields,
            required: plan.groupNeeds,
            caps: plan.grants.caps,
            at: moment ?? WallClock.now()
        )
    }

    func submit(_ file: CampaignFile, replacing id: Campaign.ID?, by caller: Caller) async throws -> Submission {
        let plan = try self.plan(file, names: try await self.reads.names())
        let draft = try self.draft(file, plan, relay: try self.relay(of: plan, in: file))
        let found = self.found(plan, try await self.fold(plan))
        let record = try await self.loop.ask { try $0.submit(draft, replacing: id, by: caller.name) }
        return Submission(record, found)
    }

    func campaigns(before id: Campaign.ID?, count: Int) async throws -> [CampaignStatus] {
        try await self.loop.ask { try $0.statuses(before: id, count: count) }
    }

    func campaign(_ id: Campaign.ID) async throws -> CampaignStatus {
        try await self.loop.ask { try $0.status(of: id) }
    }

    func text(of id: Campaign.ID) async throws -> CampaignText {
        try CampaignText(try await self.loop.ask { try $0.record(of: id) })
    }

    func take(
        _ step: CampaignStep,
        on id: Campaign.ID,
        digest: String?,
        by caller: Caller
    ) async throws -> CampaignStatus {
        let approvals = self.approvals
        return try await self.loop.ask { try $0.take(step, on: id, digest: digest, by: caller, rules: approvals) }
    }

    func retry(_ outcome: Outcome, of id: Campaign.ID, by caller: Caller) async throws -> CampaignStatus {
        try await self.loop.ask { try $0.retry(outcome, of: id, by: caller.name) }
    }

    func resolve(_ decision: DoubtDecision, of id: Campaign.ID, by caller: Caller) async throws -> CampaignStatus {
        try await self.loop.ask { try $0.resolve(decision, of: id, by: caller.name) }
    }

    func report(on id: Campaign.ID, by grouping: String?) async throws -> CampaignReport {
        let (status, names) = try await self.names(of: id)
        let rows = try await self.reads.report(on: id, by: grouping, variants: names)
        return CampaignReport(campaign: status, by: grouping ?? "all", rows: rows)
    }

    func targets(of id: Campaign.ID, _ selection: TargetSelection) async throws -> Pages<TargetRow> {
        let (status, names) = try await self.names(of: id)
        return self.reads.targets(of: id, selection, variants: names, relay: status.relay)
    }

    // Who did what.

    func audit(above row: Int64) async throws -> Pages<AuditRow> { self.reads.audit(above: row) }

    func verifyAudit() async throws -> AuditVerification { try await self.reads.verifyAudit() }

    func why(_ question: WhyQuestion) async throws -> WhyAnswer {
        if case .phone = try PersonName(question.address) { try await self.loop.indexTelephones() }
        return try await self.reads.why(question)
    }

    // Requests with keys.

    func storedRequest(_ caller: String, key: String) async throws -> StoredRequest? {
        try await self.loop.ask { try RequestStore($0.connection).request(caller, key: key, at: $0.wall) }
    }

    func forget(_ request: RequestMark) async throws {
        try await self.loop.ask { try RequestStore($0.connection).forget(request) }
    }

    func store(_ request: RequestMark, _ answer: StoredRequest.Answer) async throws {
        try await self.loop.ask { try RequestStore($0.connection).end(request, answer, at: $0.wall) }
    }

    // Tokens.

    func tokenList() async throws -> [TokenStatus] { self.tokens.list }

    func addToken(_ token: NewToken, by caller: Caller) async throws -> MadeToken {
        try await self.tokens.add(token, by: caller, on: self.loop)
    }

    func revokeToken(named name: String, by caller: Caller) async throws -> TokenStatus {
        try await self.tokens.revoke(name, by: caller, on: self.loop)
    }

    // Restored data.

    func restoreStatus() async throws -> RestoreStatus {
        try await self.loop.ask { try $0.restoreStatus() }
    }

    func acceptRestore(by caller: Caller) async throws -> RestoreStatus {
        try await self.loop.ask { try $0.acceptRestore(by: caller.name) }
    }

    // Parts.

    func plan(_ file: CampaignFile, names: ExpressionNames) throws -> CampaignPlan {
        do throws(PlanProblems) {
            // The arm's hash needs an id; any does for a check.
            let plan = try CampaignPlan(
                source: file.source,
                fileName: file.file,
                files: SubmittedSegments.removed(from: file.files),
                id: Campaign.ID(1),
                names: names,
                caps: self.caps
            )
            let problem = plan.linkProblem(hasLinks: self.hasLinks) ?? plan.sizeProblem(hasLinks: self.hasLinks)
            if let problem { throw PlanProblems(diagnostics: [problem]) }
            try plan.file.checkZones(self.zones, home: self.homeZone)
            return plan
        } catch {
            throw OperationError.invalid(error.diagnostics)
        }
    }

    private func draft(_ file: CampaignFile, _ plan: CampaignPlan, relay: String) throws -> CampaignDraft {
        do throws(PlanProblems) {
            return try CampaignDraft(upload: file, plan: plan, relay: relay)
        } catch {
            throw OperationError.invalid(error.diagnostics)
        }
    }

    /// The relay that a campaign goes over; refused when nobody would sign its messages, or nothing could bound their cost.
    func relay(of plan: CampaignPlan, in file: CampaignFile) throws -> String {
        let relay = try self.namedRelay(of: plan)
        if let problem = plan.priceProblem(relay: relay, costPerMessage: self.prices[relay]) {
            throw OperationError.invalid([problem])
        }
        let problem = self.signing[relay]?.problem(from: plan.from.address.domain, relay: relay)
        if let problem { throw OperationError.invalid([plan.file.diagnostic(at: "from", problem)]) }
        return relay
    }

    /// The relay that a campaign names, or the only one there is.
    private func namedRelay(of plan: CampaignPlan) throws -> String {
        let known = self.relays.joined(separator: ", ")
        if let name = plan.file.relay {
            guard self.relays.contains(name) else {
                throw OperationError.invalid([
                    plan.file.diagnostic(at: "relay", "there is no relay '\(name)'; configured: \(known)")
                ])
            }
            return name
        }
        guard let only = self.relays.first, self.relays.count == 1 else {
            throw OperationError.invalid([
                plan.file.diagnostic(at: "relay", "is missing; configured: \(known.isEmpty ? "none" : known)")
            ])
        }
        return only
    }

    func audience(of plan: CampaignPlan) async throws -> Audience {
        if let expression = plan.audienceExpression { return .expression(expression) }
        guard case .list(let name) = plan.file.audience, let list = try await self.reads.list(named: name) else {
            throw OperationError.invalid([plan.file.diagnostic(at: "audience", "there is no such list")])
        }
        return .list(list)
    }

    /// A campaign's status, and the names of its variants in file order.
    private func names(of id: Campaign.ID) async throws -> (CampaignStatus, [String]) {
        try await self.loop.ask { core in
            (try core.status(of: id), try core.variantNames(of: id))
        }
    }
}
