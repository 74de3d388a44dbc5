import Domain
import Engine
import Logging
import Telemetry

/// Sites that ask for patience get less, and more again as they recover.
extension LoopCore {
    func paceDown(_ site: String) {
        guard self.paces[site] != nil || self.paces.count < LoopLimits.pacedSites else { return }
        guard self.paces[site, default: SitePace()].askedForPatience(at: self.now) else { return }
        self.applyPace(site, "asks for patience")
    }

    func paceUp(_ site: String, _ accepted: Int) {
        guard self.paces[site] != nil, self.paces[site, default: SitePace()].accepted(accepted, at: self.now) else {
            return
        }
        self.applyPace(site, "recovers")
    }

    /// Forgets the pace of sites that were not heard of for long; they begin anew.
    func dropIdlePaces() {
        for (site, pace) in self.paces where pace.isIdle(at: self.now) {
            self.throttles.slow(.site(site), to: 1, at: self.now)
            self.paces[site] = nil
        }
    }

    private func applyPace(_ site: String, _ what: String) {
        let factor = self.paces[site]?.factor ?? 1
        self.throttles.slow(.site(site), to: factor, at: self.now)
        if factor == 1 { self.paces[site] = nil }
        self.log(
            LoopNote(
                .info,
                .laneSlowed,
                "\(site) \(what): \(Int(factor * 100)) % of its rate",
                [(.site, .string(site))]
            )
        )
    }
}
