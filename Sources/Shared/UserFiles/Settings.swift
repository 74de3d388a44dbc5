package import Domain

/// `postrider.yaml`, read once: every key typed, every range checked, every path absolute.
package struct Settings: Sendable {
    /// The file as the user named it; empty when there is none and all is default.
    package var file: String
    /// The folder that relative paths in the file start from.
    package var folder: String
    /// `data_dir`, default `./data`: database and journals.
    package var dataFolder: String
    /// `keys/` beside the file: `coordinator.key`, `coordinator.pub`, `workers.allow`, `NAME.key` of local workers.
    package var keysFolder: String
    /// `tokens/` beside the file: `ROLE.token` for each role.
    package var tokensFolder: String
    package var store: StoreKind
    package var coordinator: CoordinatorSettings
    package var worker: WorkerSettings
    /// `relays`, 1 to ``relaysMax``; names are unique.
    package var relays: [RelaySettings]
    /// `dkim`: keys that relays sign with, in file order.
    package var signing: [SigningSettings]
    /// `returns`: where mail about messages comes back to; `nil` when nobody reads it.
    package var returns: ReturnSettings?
    /// `webhooks`: providers that tell what became of messages, in file order; they need `coordinator.public_url`.
    package var webhooks: [WebhookSettings]
    package var sites: SiteSettings
    /// `throttles`: limits of the whole cluster, at most eight; default none.
    package var throttles: [Limit]
    /// `caps`: how many messages a person may have, over all campaigns; default none.
    package var caps: [FrequencyCap]
    /// `guards`: when sending stops because of what comes back; default ``GuardRules/standard``.
    package var guards: GuardRules
    /// `approval`: `two_person` (default) or `self`.
    package var approval: ApprovalRule
    /// `approval_expires`, default 7 days, 1 minute to 365 days: an approval older than that starts nothing.
    package var approvalExpiresMilliseconds: Int64
    /// `consent`: `default`, `gdpr` or `us`: what a channel needs before somebody is written to.
    package var consent: ConsentProfile
    /// `test_addresses`, at most ``testAddressesMax``: whom `campaign preview --send-to` may write to; default none.
    package var testAddresses: [String]
    /// `retention`: how long what is known of people is kept; default: until they are erased.
    package var retention: RetentionSettings
    /// `orphan_grace`, default 10 minutes, 1 second to 7 days: how long a silent worker keeps its leases' targets.
    package var orphanGraceMilliseconds: Int64
    /// `timezone`: the zone of campaigns that name none, an IANA name; `nil`: the machine's.
    package var timezone: String?
    package var log: LogSettings
    /// `journal.sync`: `process` (default) or `power`.
    package var journalSync: JournalSync

    /// Relays of one cluster; each has connections of its own on every worker.
    package static let relaysMax = 64
    /// Addresses of the operators' own.
    package static let testAddressesMax = 20
}

/// `store`: where contacts, campaigns and ledger are kept.
package enum StoreKind: String, Sendable, CaseIterable {
    case sqlite
}

/// `approval`: whether the one who submitted a campaign may approve it.
package enum ApprovalRule: String, Sendable, CaseIterable {
    /// Another token must approve.
    case twoPerson = "two_person"
    /// The submitter may.
    case oneself = "self"
}

/// `journal.sync`: what a worker's journal survives.
package enum JournalSync: String, Sendable, CaseIterable {
    /// The end of the process; after a power cut unreported messages are in doubt.
    case process
    /// A power cut too, for an fsync per group of messages.
    case power
}

/// `log`.
package struct LogSettings: Sendable {
    /// `log.level`, default `info`.
    package var level: Level
    /// `log.format`, default `json`.
    package var format: Format

    /// Least severity that is written; the raw values are those of swift-log.
    package enum Level: String, Sendable, CaseIterable {
        case trace
        case debug
        case info
        case notice
        case warning
        case error
        case critical
    }

    /// How a line is written.
    package enum Format: String, Sendable, CaseIterable {
        /// One JSON object a line.
        case json
        /// For people.
        case text
    }
}

/// `coordinator`.
package struct CoordinatorSettings: Sendable {
    /// `coordinator.workers_listen`, default `tcp://127.0.0.1:7700`: a ZeroMQ endpoint.
    package var workersListen: TCPEndpoint
    /// `coordinator.api_listen`, default `127.0.0.1:7701`: operators, with a token.
    package var apiListen: ListenAddress
    /// `coordinator.public_listen`, default `127.0.0.1:7702`: recipients and providers.
    package var publicListen: ListenAddress
    /// `coordinator.public_url`: what links in messages begin with, without a slash at its end; https except on loopback.
    package var publicURL: String?
    /// `coordinator.lease_ttl`, default 60 s, 5 s to 10 minutes: how long a worker may send after it last asked.
    package var leaseTTLMilliseconds: Int64
}

/// `worker`.
package struct WorkerSettings: Sendable {
    /// `worker.name`: 1 to 32 of `a-z`, `0-9`, `-`; `postrider-worker --name` wins over it.
    package var name: String?
    /// `worker.coordinator`, default `tcp://127.0.0.1:7700`.
    package var coordinator: TCPEndpoint
    /// `worker.coordinator_key` or `coordinator_key_file`.
    package var coordinatorKey: CoordinatorKey
    /// `worker.key_file`; see ``keyFile(for:keysFolder:)``.
    package var keyFile: String?
    /// `worker.connections`, default 32, 1 to 1024: open relay connections of this worker, over all relays.
    package var connections: Int

    /// Where the coordinator's public key is.
    package enum CoordinatorKey: Hashable, Sendable {
        /// `coordinator_key`: the key itself, 40 characters (Z85).
        case text(String)
        /// `coordinator_key_file`: absolute path; default `keys/coordinator.pub`.
        case file(String)
    }

    /// The private key of the worker `name`: `worker.key_file`, or `keys/NAME.key` beside the settings.
    package func keyFile(for name: String, keysFolder: String) -> String {
        self.keyFile ?? "\(keysFolder)/\(name).key"
    }
}
