import Domain
import Foundation

/// What the coordinator says of itself and its workers.
struct CoordinatorCheck {
    /// A coordinator works on the data folder beside the settings.
    let isRunning: Bool

    /// Clocks that differ by more make times in reports and logs hard to compare.
    private static let offsetSecondsMax = 2.0

    func run(_ surroundings: Surroundings) async -> [Finding] {
        do {
            let before = Date()
            let top = try await surroundings.withClient(role: .viewer) { client in
                try await client.get("/v1/top").decode(Top.self)
            }
            let after = Date()
            return Self.findings(top, askedAt: before, answeredAt: after)
        } catch let failure as Failure {
            return [self.finding(failure)]
        } catch {
            return [.wrong("coordinator", "\(error)", remedy: "look at its log")]
        }
    }

    private func finding(_ failure: Failure) -> Finding {
        switch failure.status {
        case .unreachable where self.isRunning:
            let remedy = "it may be starting or stopping, or its api_listen was changed since it started"
            return .wrong("coordinator", "it runs, but: \(failure.message)", remedy: remedy)
        case .unreachable:
            let remedy = "systemctl start postrider-coordinator, or `postrider up`"
            return .note("coordinator", failure.message, remedy: remedy)
        case .notAllowed:
            return .wrong("coordinator", failure.message, remedy: "say --token-file with a token that it knows")
        default:
            return .wrong("coordinator", failure.message, remedy: "look at the coordinator's log")
        }
    }

    static func findings(_ top: Top, askedAt before: Date, answeredAt after: Date) -> [Finding] {
        var findings: [Finding] = [.ok("coordinator", "it answers; version \(top.build)")]
        if top.build != Build.version {
            let text = "it is version \(top.build), and this is postrider \(Build.version)"
            findings.append(.note("coordinator", text, remedy: "restart it after an upgrade, or upgrade this machine"))
        }
        if let restored = top.restored {
            findings.append(
                .wrong("coordinator", restored, remedy: "postrider accept-restore; docs/operations.md first")
            )
        }
        findings += Self.clock(top.at, before, after)
        for campaign in top.campaigns {
            guard let problem = campaign.problem else { continue }
            let remedy = "postrider campaign status \(campaign.id)"
            findings.append(.note("campaign", "\(campaign.id): \(problem)", remedy: remedy))
        }
        return findings + Self.workers(top)
    }

    /// How far this machine's clock is from the coordinator's, which answered somewhere between both times.
    private static func clock(_ told: String, _ before: Date, _ after: Date) -> [Finding] {
        guard let at = Self.date(told) else { return [] }
        let coordinator = at.timeIntervalSince1970
        let ahead = before.timeIntervalSince1970 - coordinator
        let behind = coordinator - after.timeIntervalSince1970
        let offset = max(ahead, behind, 0)
        guard offset > Self.offsetSecondsMax else {
            return [.ok("clock", "this machine and the coordinator agree on the time")]
        }
        let way = ahead > behind ? "ahead of" : "behind"
        let text = "this machine's clock is \(NumberText.duration(seconds: offset)) \(way) the coordinator's"
        return [.wrong("clock", text, remedy: "let NTP (chrony, systemd-timesyncd) keep both; see event clock_jumped")]
    }

    /// RFC 3339, with parts of a second or without.
    private static func date(_ text: String) -> Date? {
        let formatter = ISO8601DateFormatter()
        if let date = formatter.date(from: text) { return date }
        formatter.formatOptions.insert(.withFractionalSeconds)
        return formatter.date(from: text)
    }

    private static func workers(_ top: Top) -> [Finding] {
        let known = top.workers.filter { $0.state != "removed" }
        guard !known.isEmpty else {
            let remedy = "`postrider worker add NAME`, or `postrider up`"
            return [.note("worker", "there is no worker, so nothing is sent", remedy: remedy)]
        }
        return known.flatMap { worker -> [Finding] in
            var findings: [Finding] = []
            let build = worker.build ?? "unknown"
            switch worker.state {
            case "connected": findings.append(.ok("worker", "\(worker.name) is connected; \(build)"))
            case "draining", "drained":
                let remedy = "postrider worker drain \(worker.name) --undo"
                findings.append(.note("worker", "\(worker.name) is \(worker.state) and gets no work", remedy: remedy))
            default:
                let text = "\(worker.name) is \(worker.state), last seen \(worker.lastSeen ?? "never")"
                let remedy = "start it, or `postrider worker remove \(worker.name)`"
                findings.append(.note("worker", text, remedy: remedy))
            }
            // The number alone: programs say their name in front of it.
            if worker.state == "connected", !build.hasSuffix(" \(top.build)") {
                let remedy = "upgrade and restart the older one"
                let text = "\(worker.name) is \(build), and the coordinator is \(top.build)"
                findings.append(.note("worker", text, remedy: remedy))
            }
            for relay in worker.relays ?? [] {
                guard let problem = relay.problem else { continue }
                let remedy = "look at relay \(relay.name) in the settings, and at the network of that worker"
                findings.append(.wrong("worker", "\(worker.name) cannot use \(relay.name): \(problem)", remedy: remedy))
            }
            return findings
        }
    }
}
