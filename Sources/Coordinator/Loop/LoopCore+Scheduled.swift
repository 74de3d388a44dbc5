import Domain
import Engine
import Logging
import Storage
import Telemetry
import UserFiles

/// Approved campaigns that start by themselves.
extension LoopCore {
    /// When a campaign that was just approved is to start; `nil`: now.
    ///
    /// - Throws: ``OperationError`` for what could not start then, which is better known now.
    func laterStart(of record: CampaignRecord, rules: ApprovalRules) throws -> Timestamp? {
        try rules.checkStart(record, at: self.wall)
        let plan: CampaignPlan
        do throws(PlanProblems) {
            plan = try CampaignPlan(record, names: try self.knownNames())
            try plan.file.checkZones(self.options.zones, home: self.options.homeZone)
        } catch {
            throw OperationError.invalid(error.diagnostics)
        }
        guard let start = plan.file.start(self.options.zones, home: self.options.homeZone), start > self.machineTime
        else { return nil }
        guard start.milliseconds - self.machineTime.milliseconds <= rules.expiresMilliseconds else {
            throw OperationError.conflict(
                "the approval of \(record.id.publicID) would have expired when it starts, at \(start.rfc3339): "
                    + "approve it nearer to that time"
            )
        }
        return start
    }

    /// Keeps an approved campaign until its time.
    func wait(with record: CampaignRecord, until start: Timestamp) throws(StoreError) {
        try self.stores.campaigns.save(record)
        self.scheduled[record.id] = start
        self.startProblems[record.id] = nil
        self.note(record, "was approved and starts at \(start.rfc3339)")
    }

    /// Finds the campaigns that wait for their time; after a start or a failed turn.
    func readScheduled(_ names: ExpressionNames) throws(StoreError) {
        self.scheduled.removeAll()
        self.startProblems.removeAll()
        for record in try self.stores.campaigns.approved() {
            do throws(PlanProblems) {
                let plan = try CampaignPlan(record, names: names)
                self.scheduled[record.id] = plan.file.start(self.options.zones, home: self.options.homeZone)
            } catch {
                self.cannotStart(record, error.text)
            }
        }
    }

    /// When the next one is due; looked at again at least every ``LoopLimits/dueLookMilliseconds``, as the clock may be set.
    var nextStart: Instant? {
        guard self.restored == nil, let first = self.scheduled.values.min() else { return nil }
        let wait = first.milliseconds - self.machineTime.milliseconds
        return self.now.advanced(byMilliseconds: max(0, min(wait, LoopLimits.dueLookMilliseconds)))
    }

    /// Starts those whose time has come.
    func startScheduled() throws(StoreError) {
        guard !self.scheduled.isEmpty, self.restored == nil else { return }
        let now = self.machineTime
        for id in self.scheduled.filter({ $0.value <= now }).keys.sorted() {
            self.scheduled[id] = nil
            // It may have been replaced, cancelled or started by hand since.
            guard let record = try self.stores.campaigns.campaign(id), record.state == .approved else { continue }
            self.blame.work = .campaign(id)
            do {
                try self.begin(record, by: "schedule", rules: self.options.approvals)
            } catch let error as StoreError {
                throw error
            } catch let error as OperationError {
                self.cannotStart(record, error.text)
            } catch {
                self.cannotStart(record, "\(error)")
            }
        }
    }

    private func cannotStart(_ record: CampaignRecord, _ problem: String) {
        self.startProblems[record.id] = "it could not start by itself: \(problem)"
        self.log(
            LoopNote(
                .error,
                .campaignState,
                "\(record.id.publicID) cannot start by itself: \(problem)",
                [(.campaign, .string(record.id.publicID)), (.problem, .string(problem))]
            )
        )
    }
}

extension OperationError {
    /// Its sentence, for a log.
    fileprivate var text: String {
        switch self {
        case .invalid(let diagnostics), .nothingImported(let diagnostics, _):
            diagnostics.map(\.description).joined(separator: "; ")
        case .notFound(let text), .conflict(let text), .notAllowed(let text), .unavailable(let text): text
        }
    }
}
