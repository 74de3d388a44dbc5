import Domain
import Engine
import NIOCore
import Signing
import Storage
import Synchronization
import Transport
import UserFiles

/// ``Operations`` on the loop and the readers: writes go through the loop, questions beside it.
struct CoordinatorOperations: Operations {
    let loop: CoordinatorLoop
    let imports: ImportService
    let reads: Reads
    let approvals: ApprovalRules
    /// Names of the configured relays, in file order.
    let relays: [String]
    /// Who signs, by the relay's name.
    let signing: [String: RelaySigning]
    let admission: WorkerAdmission

    func readiness() async -> Readiness {
        let snapshot = self.loop.snapshot.withLock { $0 }
        return Readiness(
            ready: snapshot.counters.turns > 0,
            workers: snapshot.sessions,
            restored: snapshot.restored
        )
    }

    func importContacts(
        _ request: ImportRequest,
        body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        by caller: Caller
    ) async throws -> ImportAnswer {
        try await self.imports.run(request, body: body)
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
        return CampaignCheck(plan, try await self.fold(plan))
    }

    /// What the campaign would do with each contact of its audience.
    private func fold(_ plan: CampaignPlan) async throws -> AudienceFold {
        try await self.reads.audience(
            channel: plan.file.channel.rawValue,
            try await self.audience(of: plan),
            conditions: plan.assignment.groups.contains { $0.condition == nil }
                ? plan.conditions + [.everyone] : plan.conditions,
            fields: plan.fields
        )
    }

    func submit(_ file: CampaignFile, replacing id: Campaign.ID?, by caller: Caller) async throws -> Submission {
        let plan = try self.plan(file, names: try await self.reads.names())
        let draft = try self.draft(file, plan, relay: try self.relay(of: plan, in: file))
        let found = CampaignCheck(plan, try await self.fold(plan))
        let record = try await self.loop.ask { try $0.submit(draft, replacing: id, by: caller.name) }
        return Submission(
            id: record.id.publicID,
            state: record.state,
            digest: record.digest,
            audience: found.audience,
            missing: found.missing,
            diagnostics: found.diagnostics
        )
    }

    func campaigns() async throws -> [CampaignStatus] {
        try await self.loop.ask { try $0.statuses() }
    }

    func campaign(_ id: Campaign.ID) async throws -> CampaignStatus {
        try await self.loop.ask { try $0.status(of: id) }
    }

    func take(_ step: CampaignStep, on id: Campaign.ID, by caller: Caller) async throws -> CampaignStatus {
        let approvals = self.approvals
        return try await self.loop.ask { try $0.take(step, on: id, by: caller, rules: approvals) }
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

    // Workers.

    func workers() async throws -> [WorkerStatus] {
        let allowed = self.admission.names
        return try await self.loop.ask { try $0.workers(allowed: allowed) }
    }

    func addWorker(_ worker: NewWorker, by caller: Caller) async throws -> WorkerStatus {
        try self.admission.add(worker.name, key: worker.publicKey)
        return try await self.worker(named: worker.name)
    }

    func removeWorker(named name: String, by caller: Caller) async throws -> WorkerStatus {
        try self.admission.remove(name)
        try await self.loop.ask { try $0.remove(worker: name) }
        return try await self.worker(named: name)
    }

    func drainWorker(named name: String, undo: Bool, by caller: Caller) async throws -> WorkerStatus {
        guard self.admission.names.contains(name) else {
            throw OperationError.notFound("there is no worker '\(name)' on the list")
        }
        try await self.loop.ask { core in
            if undo { try core.undrain(worker: name) } else { try core.drain(worker: name) }
        }
        return try await self.worker(named: name)
    }

    // Restored data.

    func restoreStatus() async throws -> RestoreStatus {
        try await self.loop.ask { try $0.restoreStatus() }
    }

    func acceptRestore(by caller: Caller) async throws -> RestoreStatus {
        try await self.loop.ask { try $0.acceptRestore(by: caller.name) }
    }

    private func worker(named name: String) async throws -> WorkerStatus {
        if let known = try await self.workers().first(where: { $0.name == name }) { return known }
        // Removed before it ever came.
        return WorkerStatus(
            name: name,
            state: .removed,
            leased: 0,
            accepted: 0,
            acceptedPerSecond: 0,
            lastSeen: nil,
            build: nil,
            relays: []
        )
    }

    // Parts.

    private func plan(_ file: CampaignFile, names: ExpressionNames) throws -> CampaignPlan {
        do throws(PlanProblems) {
            // The arm's hash needs an id; any does for a check.
            return try CampaignPlan(
                source: file.source,
                fileName: file.file,
                files: SubmittedSegments.removed(from: file.files),
                id: Campaign.ID(1),
                names: names
            )
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

    /// The relay that a campaign goes over; refused when nobody would sign its messages.
    private func relay(of plan: CampaignPlan, in file: CampaignFile) throws -> String {
        let relay = try self.namedRelay(of: plan)
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

    private func audience(of plan: CampaignPlan) async throws -> AudienceFold.Audience {
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

extension CampaignCheck {
    /// Puts together what a campaign would do.
    init(_ plan: CampaignPlan, _ fold: AudienceFold) {
        var variants: [VariantShare] = plan.file.variants.map { VariantShare(name: $0.name, targets: 0) }
        for (index, group) in plan.assignment.groups.enumerated() where fold.shares.indices.contains(index) {
            let weights = group.variants.map { plan.file.variants[$0].weight }
            let total = max(1, weights.reduce(0, +))
            // The arms' shares are drawn by hash: what is said here is the expectation, with the rest in the last arm.
            var left = fold.shares[index].contacts
            for (arm, variant) in group.variants.enumerated() {
                let share = arm == group.variants.count - 1 ? left : fold.shares[index].contacts * weights[arm] / total
                variants[variant].targets += share
                left -= share
            }
        }
        var missing: [MissingField] = []
        for (index, field) in plan.fields.enumerated() {
            let targets = fold.shares.reduce(0) { $0 + $1.missing[index] }
            if targets > 0 { missing.append(MissingField(field: field.name, targets: targets)) }
        }
        var excluded: [Exclusion] = []
        if fold.suppressed > 0 {
            excluded.append(Exclusion(reason: Reason.suppressed.rawValue, targets: fold.suppressed))
        }
        if let rest = fold.shares.last, rest.contacts > 0 {
            excluded.append(Exclusion(reason: Reason.noVariant.rawValue, targets: rest.contacts))
        }
        if fold.withoutAddress > 0 {
            excluded.append(Exclusion(reason: Reason.noAddress.rawValue, targets: fold.withoutAddress))
        }
        self.init(
            name: plan.file.name,
            audience: fold.audience,
            variants: variants,
            missing: missing,
            excluded: excluded,
            diagnostics: CampaignLint.warnings(for: plan.file)
        )
    }
}
