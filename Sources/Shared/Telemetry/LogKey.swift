/// Names of fields in log lines, once each: `event=worker_connected worker=local-1`.
///
/// Scripts and dashboards depend on them: add, never rename. Values never hold an address at `info` and above, only a
/// contact's number and a site.
package enum LogKey: String, Hashable, Sendable, CaseIterable {
    // What and who.
    case address
    case audience
    case build
    case caller
    case campaign
    case contact
    case file
    case hash
    case importID = "import"
    case lane
    case lease
    case leaseEpoch = "lease_epoch"
    case listen
    case path
    case pid
    case relay
    case role
    /// A row of the audit.
    case row
    case scope
    case session
    case site
    case state
    case variant
    case worker

    // How many.
    case acceptedPerSecond = "accepted_per_s"
    case bouncedPerSecond = "bounced_per_s"
    case count
    case created
    case deferredPerSecond = "deferred_per_s"
    case inDoubt = "in_doubt"
    case inFlight = "in_flight"
    case leased
    case pending
    case rejected
    case rows
    case sentTwice = "sent_twice"
    case targets
    case unchanged
    case updated
    case workers

    // How and why.
    case duration = "duration_ms"
    case error
    case key
    case logger
    case method
    case previous
    case problem
    /// The name of a provider in the configuration.
    case webhook
    case url
    case reason
    case reply
    case signal
    case status
    case version
}

/// What a log line is about: the value of its `event`.
///
/// Scripts wait for some of them (`ready`): add, never rename.
package enum LogEventName: String, Hashable, Sendable, CaseIterable {
    // A service's life.
    case starting
    /// The API takes requests and workers may come.
    case listening
    /// The API answers and the workers of `postrider up` are admitted.
    case ready
    case draining
    case stopped
    case failed
    case configuration
    /// Somebody set the machine's clock.
    case clockJumped = "clock_jumped"
    case selfTest = "self_test"
    /// The data folder does not fit this machine or its workers: nothing is sent until `accept-restore`.
    case restored
    case childStarted = "child_started"
    case childEnded = "child_ended"

    // Workers and leases.
    case workerConnected = "worker_connected"
    case workerAway = "worker_away"
    case workerRefused = "worker_refused"
    case workerAdded = "worker_added"
    case workerRemoved = "worker_removed"
    case coordinatorConnected = "coordinator_connected"
    case coordinatorAway = "coordinator_away"
    case leaseExpired = "lease_expired"
    /// Nothing of a lease moved for too long.
    case leaseStill = "lease_still"
    /// A target brings workers down, or is suspected to.
    case poison
    case reportRefused = "report_refused"
    case frameRefused = "frame_refused"
    case journal

    // Sending.
    /// Every 5 s while work runs.
    case throughput
    case relayProblem = "relay_problem"
    case relayRecovered = "relay_recovered"
    case laneSlowed = "lane_slowed"
    /// Too much comes back: nothing more is sent there until somebody overrides it.
    case guardHolds = "guard_holds"
    /// Nearly too much comes back.
    case guardWarns = "guard_warns"
    case sentTwice = "sent_twice"
    case inDoubt = "in_doubt"

    // What came back.
    case returned
    /// A notice that is forged, or names no message of ours.
    case returnRefused = "return_refused"
    /// A notice, or the folder with them, cannot be read.
    case returnTrouble = "return_trouble"
    /// A provider waits until an operator opens an address.
    case webhookConfirm = "webhook_confirm"
    /// Somebody who is suppressed wants messages again.
    case asksAgain = "asks_again"

    // What operators did.
    /// How far the audit came: number and hash of its newest row.
    case audit
    case campaignState = "campaign_state"
    case campaignSubmitted = "campaign_submitted"
    case audienceFrozen = "audience_frozen"
    case importFinished = "import_finished"
    case importFailed = "import_failed"
    case request
    case requestFailed = "request_failed"

    // Storage.
    case storage
    case diskFull = "disk_full"
    case slowTurn = "slow_turn"

    /// Lines that could not be written since the reader of the log was too slow.
    case linesDropped = "lines_dropped"
    /// A line of a library, or one that names no event.
    case message
}
