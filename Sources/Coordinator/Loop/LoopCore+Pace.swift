import Domain
import Engine
import Logging
import Telemetry

/// Sites that ask for patience get less, and more again as they recover.
extension LoopCore {
    func paceDown(_ site: String) {
        guard self.paces[site, default: SitePace()].askedForPatience(at: self.now) else { return }
        self.applyPace(site, "asks for patience")
    }

    func paceUp(_ site: String, _ accepted: Int) {
        guard self.paces[site] != nil, self.paces[site, default: SitePace()].accepted(accepted) else { return }
        self.applyPace(site, "recovers")
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
