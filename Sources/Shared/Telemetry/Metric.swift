/// A metric: its name, meaning, shape and label names, once each.
///
/// Dashboards depend on them: add, never rename.
package struct Metric: Hashable, Sendable {
    /// Prometheus name: `postrider_`, what is counted, the unit, and `_total` for counters.
    package let name: String
    /// One sentence for `# HELP`.
    package let help: String
    package let kind: Kind
    /// Names of the labels, in the order in which callers give their values.
    package let labels: [String]

    /// What a metric's number means.
    package enum Kind: Hashable, Sendable {
        case counter
        case gauge
        /// - upperBounds: Rising; the bucket for everything above the last is added.
        case histogram(upperBounds: [Double])
    }

    package init(_ name: String, _ kind: Kind, labels: [String] = [], help: String) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
    }

    /// Seconds from a tenth of a millisecond to ten seconds: what a turn, a commit or a request takes.
    package static let secondsBounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
}

extension Metric {
    /// Label `outcome`: the name of an outcome.
    package static let targets = Self(
        "postrider_targets_total",
        .counter,
        labels: ["outcome"],
        help: "Outcomes recorded in the ledger."
    )
    package static let sentTwice = Self(
        "postrider_sent_twice_total",
        .counter,
        help: "Targets that more than one attempt reported as accepted."
    )
    package static let grants = Self("postrider_grants_total", .counter, help: "Shards granted to workers.")
    package static let targetsGranted = Self(
        "postrider_targets_granted_total",
        .counter,
        help: "Targets in the shards granted to workers."
    )
    /// Label `rule`: bounces, complaints or policy.
    package static let guardTrips = Self(
        "postrider_guard_trips_total",
        .counter,
        labels: ["rule"],
        help: "Times that too much came back and sending was stopped in a campaign, relay, site or lane."
    )
    package static let leasesExpired = Self(
        "postrider_leases_expired_total",
        .counter,
        help: "Leases whose deadline passed before their worker reported."
    )
    /// Label `reason`: why what a worker said was not believed.
    package static let reportsRefused = Self(
        "postrider_reports_refused_total",
        .counter,
        labels: ["reason"],
        help: "Reports or parts of them that were refused."
    )
    package static let workersConnected = Self(
        "postrider_workers_connected",
        .gauge,
        help: "Workers admitted and connected."
    )
    package static let workersRefused = Self(
        "postrider_workers_refused_total",
        .counter,
        help: "Connections refused because their key is not on the allow-list."
    )
    /// Label `state`: `pending`, `leased` or `deferred`.
    package static let targetsOpen = Self(
        "postrider_targets_open",
        .gauge,
        labels: ["state"],
        help: "Targets of running campaigns without a final outcome."
    )
    /// Label `state`: the name of a campaign state.
    package static let campaigns = Self(
        "postrider_campaigns",
        .gauge,
        labels: ["state"],
        help: "Campaigns by state."
    )
    /// Label `relay`: the relay's name.
    package static let relayProblems = Self(
        "postrider_relay_problems",
        .gauge,
        labels: ["relay"],
        help: "Workers that cannot use the relay now."
    )
    /// Label `result`: `created`, `updated`, `unchanged` or `rejected`.
    package static let importRows = Self(
        "postrider_import_rows_total",
        .counter,
        labels: ["result"],
        help: "Rows read by imports."
    )
    /// Label `result`: `bounced`, `complained`, `unsubscribed`, `delivered`, `opened`, `clicked`, `suppressed`, `repeated`, `unknown`, `ignored` or `refused`.
    package static let returned = Self(
        "postrider_returned_total",
        .counter,
        labels: ["result"],
        help: "Notices about messages that came back, and what they led to."
    )
    package static let turnSeconds = Self(
        "postrider_turn_seconds",
        .histogram(upperBounds: Metric.secondsBounds),
        help: "Time from the first event of a turn of the loop to its last frame."
    )
    /// Labels `method`, `route` (the pattern, not the path) and `status`.
    package static let requests = Self(
        "postrider_api_requests_total",
        .counter,
        labels: ["method", "route", "status"],
        help: "Requests answered by the API."
    )
    package static let requestSeconds = Self(
        "postrider_api_request_seconds",
        .histogram(upperBounds: Metric.secondsBounds),
        help: "Time from a request's head to the head of its answer."
    )
    package static let logLinesLost = Self(
        "postrider_log_lines_lost_total",
        .counter,
        help: "Log lines dropped because nobody read them fast enough."
    )
    /// 1 while nothing is sent since the data were restored or copied.
    package static let restored = Self(
        "postrider_restored",
        .gauge,
        help: "Whether a restored backup waits to be accepted, and nothing is sent."
    )
    /// Label `version`; the value is always 1.
    package static let build = Self(
        "postrider_build_info",
        .gauge,
        labels: ["version"],
        help: "The running program's version."
    )

    /// Every metric that Postrider names itself.
    package static let all: [Metric] = [
        .targets, .sentTwice, .grants, .targetsGranted, .guardTrips, .leasesExpired, .reportsRefused, .workersConnected,
        .workersRefused, .targetsOpen, .campaigns, .relayProblems, .importRows, .returned, .turnSeconds, .requests,
        .requestSeconds,
        .logLinesLost, .restored, .build,
    ]
}
