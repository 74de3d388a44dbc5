import Domain
import Engine
import Logging
import Storage
import Telemetry
import UserFiles

/// What operators do with campaigns.
extension LoopCore {
    /// All that a condition may name now.
    func names() throws(StoreError) -> ExpressionNames {
        try NameStore(self.connection).names(today: CalendarDay.of(self.wall)).knowingSpellings
    }

    /// Stores a campaign that was checked, new or in place of one that has not started.
    func submit(_ draft: CampaignDraft, replacing id: Campaign.ID?, by who: String) throws -> CampaignRecord {
        var record: CampaignRecord
        if let id {
            guard let known = try self.stores.campaigns.campaign(id) else { throw OperationError.unknown(id) }
            _ = try self.after(.replace, known)
            record = known
            record.revision += 1
            record.approvedBy = nil
            record.approvedAt = nil
            record.approvedDigest = nil
        } else {
            record = draft.record(id: try self.stores.campaigns.nextID(), by: who, at: self.wall)
        }
        draft.fill(&record)
        record.state = .submitted
        record.submittedBy = who
        record.submittedAt = self.wall
        try self.stores.campaigns.save(record)
        try self.audit(id == nil ? "submit" : "replace", record, by: who)
        self.log(
            LoopNote(
                .info,
                .campaignSubmitted,
                "\(record.id.publicID) '\(record.name)' was submitted by \(who)",
                [(.campaign, .string(record.id.publicID)), (.caller, .string(who))]
            )
        )
        return record
    }

    /// What a campaign was made of, to be submitted again.
    ///
    /// - Parameters:
    ///   - id: The campaign.
    ///   - change: What is to be another.
    /// - Returns: The draft, and what it means now.
    /// - Throws: ``OperationError``; when those who are left are asked for while the campaign may still write to them, too.
    func draftClone(of id: Campaign.ID, _ change: CloneChange = CloneChange()) throws -> (CampaignDraft, CampaignPlan) {
        guard var record = try self.stores.campaigns.campaign(id) else { throw OperationError.unknown(id) }
        if change.isForUnsent { try self.requireOver(record) }
        // Its day begins anew.
        record.startedAt = nil
        do throws(PlanProblems) {
            try CampaignDigest.check(record)
            try change.apply(to: &record)
        } catch {
            throw OperationError.invalid(error.diagnostics)
        }
        return (CampaignDraft(record), try self.sendable(record))
    }

    /// What a campaign means here and now.
    ///
    /// - Throws: ``OperationError`` when the settings do not allow it to be sent, or no longer do.
    private func sendable(_ record: CampaignRecord) throws -> CampaignPlan {
        guard self.options.relays[record.relay] != nil else {
            let known = self.options.relays.keys.sorted().joined(separator: ", ")
            throw OperationError.conflict("relay '\(record.relay)' is not configured; configured: \(known)")
        }
        let plan: CampaignPlan
        do throws(PlanProblems) {
            plan = try CampaignPlan(record, names: try self.knownNames(), caps: self.options.caps)
            try plan.file.checkZones(self.options.zones, home: self.options.homeZone)
        } catch {
            throw OperationError.invalid(error.diagnostics)
        }
        let hasLinks = self.options.links != nil
        if let problem = plan.linkProblem(hasLinks: hasLinks) ?? plan.sizeProblem(hasLinks: hasLinks) {
            throw OperationError.invalid([problem])
        }
        let price = self.options.relays[record.relay]?.costPerMessage
        if let problem = plan.priceProblem(relay: record.relay, costPerMessage: price) {
            throw OperationError.invalid([problem])
        }
        let domain = plan.from.address.domain
        if let problem = self.options.signingProblem(relay: record.relay, from: domain) {
            throw OperationError.conflict(problem)
        }
        return plan
    }

    /// A campaign as it is stored, or as it is at work.
    func record(of id: Campaign.ID) throws -> CampaignRecord {
        guard let record = try self.campaigns[id]?.record ?? self.stores.campaigns.campaign(id) else {
            throw OperationError.unknown(id)
        }
        return record
    }

    /// Does one step and says where the campaign stands then.
    ///
    /// With a `digest`, of what an approver looked at, nothing that has another one is approved.
    func take(
        _ step: CampaignStep,
        on id: Campaign.ID,
        digest: String? = nil,
        by caller: Caller,
        rules: ApprovalRules
    ) throws -> CampaignStatus {
        let record = try self.record(of: id)
        try self.requireAccepted()
        switch step {
        case .approve: try self.approve(record, digest: digest, by: caller, rules: rules)
        case .start: try self.begin(record, by: caller.name, rules: rules)
        case .pause: try self.pause(record, by: caller.name)
        case .resume:
            if let text = self.guards.hold(.campaign(id)) {
                throw OperationError.conflict(
                    "\(id.publicID) was paused by its guard: \(text); an approver may go on with 'campaign resume --override'"
                )
            }
            try self.resumeSending(record, by: caller.name)
        case .override: try self.override(record, by: caller.name)
        case .cancel: try self.cancel(record, by: caller.name)
        }
        return try self.status(of: id)
    }

    private func approve(
        _ record: CampaignRecord,
        digest: String?,
        by caller: Caller,
        rules: ApprovalRules
    ) throws {
        var record = record
        let state = try self.after(.approve, record)
        try rules.check(record, approvedBy: caller)
        try ApprovalRules.check(record, against: digest)
        record.state = state
        record.approvedBy = caller.name
        record.approvedAt = self.wall
        record.approvedDigest = record.digest
        // Approval starts it; everything that can be refused is refused before anything is written.
        if let start = try self.laterStart(of: record, rules: rules) {
            try self.wait(with: record, until: start)
        } else {
            try self.begin(record, by: caller.name, rules: rules)
        }
        try self.audit("approve", record, by: caller.name)
    }

    func begin(_ stored: CampaignRecord, by who: String, rules: ApprovalRules) throws {
        var record = stored
        let state = try self.after(.start, record)
        try self.requireReadable(record)
        guard record.state != state else { return }
        try rules.checkStart(record, at: self.wall)
        let plan = try self.sendable(record)
        let origins = try self.origins(of: plan, record.id)
        record.state = state
        record.startedAt = self.wall
        record.expiresAt = self.wall.advanced(byMilliseconds: plan.file.expiresAfterMilliseconds)
        record.freezeBound = try self.stores.campaigns.highestContact()
        record.freezeCursor = 0
        try self.stores.campaigns.save(record)
        try SequelStore(self.connection).add(record.id, of: origins)
        try self.audit("start", record, by: who)
        let campaign = RunningCampaign(record, plan: plan, lanes: [])
        try self.fixBudget(of: campaign)
        campaign.hours = self.options.hours(of: plan.file)
        self.campaigns[record.id] = campaign
        self.throttles.define(.campaign(record.id), limits: plan.file.throttles, at: self.now)
        self.serve(campaign)
        self.note(record, "started")
    }

    func knownNames() throws(PlanProblems) -> ExpressionNames {
        do throws(StoreError) {
            return try self.names()
        } catch {
            throw PlanProblems(diagnostics: [Diagnostic(.error, error.text)])
        }
    }

    private func pause(_ record: CampaignRecord, by who: String) throws {
        let state = try self.after(.pause, record)
        guard state != record.state else { return }
        try self.change(record, to: state, "pause", by: who)
        self.recall(record.id)
    }

    func resumeSending(_ record: CampaignRecord, by who: String) throws {
        let state = try self.after(.resume, record)
        try self.requireReadable(record)
        guard state != record.state else { return }
        try self.change(record, to: state, "resume", by: who)
        guard let campaign = self.campaigns[record.id] else { return }
        campaign.trouble = nil
        campaign.poisonedInRow = 0
        self.serve(campaign)
    }

    private func cancel(_ record: CampaignRecord, by who: String) throws {
        let state = try self.after(.cancel, record)
        guard state != record.state else { return }
        guard let campaign = self.campaigns[record.id] else {
            // Its targets have no outcome yet, and the store refuses to take one.
            guard record.startedAt == nil else { throw self.unreadable(record) }
            var record = record
            record.state = state
            record.finishedAt = self.wall
            record.isFrozen = true
            try self.stores.campaigns.save(record)
            try self.audit("cancel", record, by: who)
            return
        }
        campaign.record.isCancelling = true
        // Nothing is to be sent again any more; what may have been sent before a restore still has to be found out.
        if campaign.record.sweep?.act != .doubt { campaign.record.sweep = nil }
        try self.change(record, to: state, "cancel", by: who)
        self.recall(record.id)
    }

    /// Changes the state of a campaign in memory.
    private func change(_ record: CampaignRecord, to state: CampaignState, _ act: String, by who: String) throws {
        guard let campaign = self.campaigns[record.id] else {
            throw self.unreadable(record)
        }
        campaign.record.state = state
        campaign.isDirty = true
        try self.audit(act, campaign.record, by: who)
        self.note(campaign.record, "is \(state.rawValue)")
    }

    func after(_ act: CampaignLifecycle.Act, _ record: CampaignRecord) throws -> CampaignState {
        do throws(CampaignLifecycle.Refusal) {
            return try CampaignLifecycle.after(act, in: record.state)
        } catch {
            throw OperationError.conflict("\(record.id.publicID): \(error.text)")
        }
    }

    func note(_ record: CampaignRecord, _ what: String) {
        self.log(
            LoopNote(
                .info,
                .campaignState,
                "\(record.id.publicID) '\(record.name)' \(what)",
                [(.campaign, .string(record.id.publicID)), (.state, .string(record.state.rawValue))]
            )
        )
    }
}

extension OperationError {
    static func unknown(_ id: Campaign.ID) -> Self { .notFound("there is no campaign \(id.publicID)") }
}

extension LoopCore {
    /// Names of a campaign's variants, in file order.
    func variantNames(of id: Campaign.ID) throws -> [String] {
        if let plan = self.campaigns[id]?.plan { return plan.file.variants.map(\.name) }
        guard let record = try self.stores.campaigns.campaign(id) else { throw OperationError.unknown(id) }
        // Without what else it names: a field may be gone since.
        do throws(PlanProblems) {
            let files = SubmittedSegments.removed(from: try CampaignPlan.decode(files: record.files, of: record.file))
            return try CampaignPlan.file(record.content, fileName: record.file, files: files).variants.map(\.name)
        } catch {
            throw OperationError.conflict("\(id.publicID) cannot be read any more: \(error.text)")
        }
    }
}
