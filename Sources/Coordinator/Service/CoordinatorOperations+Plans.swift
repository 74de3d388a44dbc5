import Domain
import Engine
import Intake
import Storage
import UserFiles

/// What a campaign would do, before it does it.
extension CoordinatorOperations {
    func planCampaign(_ file: CampaignFile) async throws -> PlanAnswer {
        let plan = try self.plan(file, names: try await self.reads.names())
        let relay = try self.relay(of: plan, in: file)
        let audience = try await self.audience(of: plan)
        let now = WallClock.now()
        let start = max(now, plan.file.start(self.zones, home: self.homeZone) ?? now)
        let fold = try await self.fold(plan, at: start)
        let sites = try await self.reads.sites(bar: plan.bar, consent: self.consentNeed(plan), audience)
        let hours = try await self.hours(of: plan, audience, fold, from: start)
        let load = CampaignLoad(plan, fold, sites: sites, relay: relay, groups: hours.groups)
        let outlook = try await self.loop.ask { $0.outlook(for: load) }
        return PlanAnswer(self.found(plan, fold), load, hours, outlook)
    }

    /// At which times the people of a campaign may be written to.
    private func hours(
        of plan: CampaignPlan,
        _ audience: Audience,
        _ fold: AudienceFold,
        from start: Timestamp
    ) async throws -> PlanHours {
        let window = plan.file.hours(home: self.homeZone, self.zones)
        let expires = plan.file.expiresAfterMilliseconds
        var hours = PlanHours(start: start, expiresAfterMilliseconds: expires, hours: window)
        if hours.asksPeople {
            let fields = try await self.reads.fields()
            let need = self.consentNeed(plan)
            return try await self.reads.note(hours, bar: plan.bar, consent: need, audience, fields: fields)
        }
        hours.noteAtHome(fold.audience - fold.suppressed - fold.withoutConsent)
        return hours
    }

    /// What a campaign would do, as it is told before it does it.
    func found(_ plan: CampaignPlan, _ fold: AudienceFold) -> CampaignCheck {
        CampaignCheck(
            plan,
            fold,
            startWarning: plan.file.startWarning(at: WallClock.now(), self.zones, home: self.homeZone)
        )
    }

    func clone(_ id: Campaign.ID, _ change: CloneChange, by caller: Caller) async throws -> Submission {
        let (draft, plan) = try await self.loop.ask { try $0.draftClone(of: id, change) }
        let found = self.found(plan, try await self.fold(plan))
        let record = try await self.loop.ask { try $0.submit(draft, replacing: nil, by: caller.name) }
        return Submission(record, found)
    }
}

extension Submission {
    init(_ record: CampaignRecord, _ found: CampaignCheck) {
        self.init(
            id: record.id.publicID,
            state: record.state,
            digest: record.digest,
            audience: found.audience,
            missing: found.missing,
            diagnostics: found.diagnostics
        )
    }
}

extension CampaignCheck {
    /// Puts together what a campaign would do; `startWarning` comes before what else it is warned of.
    init(_ plan: CampaignPlan, _ fold: AudienceFold, startWarning: Diagnostic? = nil) {
        let expected = AudienceExpectation(plan, fold)
        let variants = zip(plan.file.variants, expected.variants).map {
            VariantShare(name: $0.name, targets: $1.targets)
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
        if fold.withoutConsent > 0 {
            excluded.append(Exclusion(reason: Reason.noConsent.rawValue, targets: fold.withoutConsent))
        }
        if let rest = fold.shares.last, rest.contacts > 0 {
            excluded.append(Exclusion(reason: Reason.noVariant.rawValue, targets: rest.contacts))
        }
        let capped = expected.variants.reduce(0) { $0 + $1.capped }
        if capped > 0 { excluded.append(Exclusion(reason: Reason.capped.rawValue, targets: capped)) }
        let rejected = expected.variants.reduce(0) { $0 + $1.rejected }
        if rejected > 0 { excluded.append(Exclusion(reason: Reason.missingField.rawValue, targets: rejected)) }
        if fold.withoutAddress > 0 {
            excluded.append(Exclusion(reason: Reason.noAddress.rawValue, targets: fold.withoutAddress))
        }
        self.init(
            name: plan.file.name,
            audience: fold.audience,
            variants: variants,
            missing: missing,
            excluded: excluded,
            diagnostics: [startWarning].compactMap { $0 } + CampaignLint.warnings(for: plan.file)
        )
    }
}
