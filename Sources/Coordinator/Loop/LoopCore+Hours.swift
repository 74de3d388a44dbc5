import Domain
import Engine
import Storage
import Telemetry
import TimeZones
import UserFiles

/// The hours at which people may be written to.
///
/// They go by the machine's clock as it is, since that is the one that agrees with the clocks on people's walls, and not by
/// ``LoopCore/wall``, which does not follow when it is set.
extension LoopCore {
    /// The machine's clock.
    var machineTime: Timestamp { self.wall.advanced(byMilliseconds: self.clock.skew) }

    /// When a campaign whose window is the same for everybody is looked at again; `nil`: it may be sent now.
    func opening(of campaign: RunningCampaign) -> Instant? {
        guard campaign.hours?.clocks == .home else { return nil }
        let now = self.machineTime
        guard case .closed(let until) = self.grantable(campaign.hours?.answerAtHome(at: now), campaign, at: now) else {
            return nil
        }
        // Not later, since the machine's clock may be set meanwhile.
        let wait = until.map { $0.milliseconds - now.milliseconds } ?? LoopLimits.dueLookMilliseconds
        return self.now.advanced(byMilliseconds: max(1, min(wait, LoopLimits.dueLookMilliseconds)))
    }

    /// When such a campaign's window closes.
    func closing(of campaign: RunningCampaign) -> Timestamp? {
        guard campaign.hours?.clocks == .home,
            case .open(let until) = campaign.hours?.answerAtHome(at: self.machineTime)
        else { return nil }
        return until
    }

    /// Whether one recipient may be written to now; else the target waits for its hours, or has expired when they do not come again.
    ///
    /// - Parameters:
    ///   - row: The target.
    ///   - lane: Its lane.
    ///   - campaign: Its campaign.
    ///   - closing: Made earlier when the recipient's hours end earlier.
    /// - Returns: Whether the target is to be granted.
    /// - Throws: What the store throws.
    func isOpen(
        _ row: GrantRow,
        lane: LaneRecord,
        _ campaign: RunningCampaign,
        closing: inout Timestamp?
    ) throws(StoreError) -> Bool {
        guard campaign.hours?.clocks == .recipient else { return true }
        let now = self.machineTime
        let place = self.place(of: row, campaign)
        switch self.grantable(campaign.hours?.answer(for: place, at: now), campaign, at: now, place) {
        case .open(let until):
            closing = closing.map { min($0, until) } ?? until
            return true
        case .closed(let until?):
            try self.putAside(row, for: until.milliseconds - now.milliseconds, lane: lane, campaign)
            return false
        case .closed(nil):
            try self.decide(
                .expired,
                reason: Reason.outsideHours.rawValue,
                about: row.target,
                lane: lane.lane,
                campaign
            )
            return false
        }
    }

    /// What an answer means for a grant: hours that end too soon are as good as over, and those after the campaign's end never come.
    private func grantable(
        _ answer: OpeningTimes.Answer?,
        _ campaign: RunningCampaign,
        at now: Timestamp,
        _ place: RecipientPlace? = nil
    ) -> OpeningTimes.Answer {
        var answer = answer ?? .closed(until: nil)
        if case .open(let until) = answer {
            guard until.milliseconds - now.milliseconds <= LoopLimits.closingMilliseconds else { return answer }
            let next =
                place.map { campaign.hours?.answer(for: $0, at: until) } ?? campaign.hours?.answerAtHome(at: until)
            answer = next ?? .closed(until: nil)
        }
        guard case .closed(let until?) = answer, let expires = campaign.record.expiresAt,
            until.milliseconds - self.clock.skew >= expires.milliseconds
        else { return answer }
        return .closed(until: nil)
    }

    /// What a contact's fields say about where they are.
    private func place(of row: GrantRow, _ campaign: RunningCampaign) -> RecipientPlace {
        guard let plan = campaign.plan, plan.placeColumns else {
            return RecipientPlace(timezone: "", phone: "", postalCode: "", state: "", country: "")
        }
        let first = plan.fields.count
        func text(_ index: Int) -> String { String(decoding: row.value(first + index), as: UTF8.self) }
        return RecipientPlace(timezone: text(0), phone: text(1), postalCode: text(2), state: text(3), country: text(4))
    }

    /// One sentence on a campaign that waits for its hours.
    func hoursProblem(of campaign: RunningCampaign) -> String? {
        guard let hours = campaign.hours, self.leases.open(of: campaign.id).targets == 0 else { return nil }
        if hours.clocks == .home {
            guard self.opening(of: campaign) != nil else { return nil }
            guard case .closed(let until?) = campaign.hours?.answerAtHome(at: self.machineTime) else {
                return "it is outside its hours, \(hours.window.text) in \(hours.home)"
            }
            return "it is outside its hours, \(hours.window.text) in \(hours.home): it goes on at \(until.rfc3339)"
        }
        let waiting = campaign.lanes.filter { $0.fresh == 0 }
        guard waiting.count == campaign.lanes.count, campaign.record.isFrozen,
            let next = campaign.lanes.compactMap(\.earliestDue).min(), next > self.wall
        else { return nil }
        let opens = next.advanced(byMilliseconds: self.clock.skew).rfc3339
        return
            "everybody left is outside their hours, \(hours.window.text), or waits for a retry: it goes on at \(opens)"
    }
}
