/// Bounds of the loop's work, each with its reason.
enum LoopLimits {
    /// Frames taken in one turn: with reports of 512 outcomes at most, about 20 ms of work.
    static let framesPerTurn = 64
    /// From the beginning of one turn to that of the next, when only frames wait: with many workers a commit serves them all.
    static let turnMilliseconds: Int64 = 4
    /// Operators' commands taken in one turn.
    static let commandsPerTurn = 16
    /// Targets granted in one turn: about 10 µs each.
    static let grantedPerTurn = 1_024
    /// Contact ids looked at for one chunk of an audience: about 10 ms.
    static let freezeWindow: Int64 = 4_000
    /// Targets settled in one turn for a cancelled or expired campaign.
    static let settledPerTurn = 1_000
    /// Targets changed in one turn by a pass over a campaign: about 10 ms.
    static let sweptPerTurn = 1_000
    /// Positions looked at in one turn by a pass that changes few of them.
    static let sweepWindow = 20_000
    /// What a lane costs in such a pass, in positions.
    static let sweepLaneCost = 100
    /// Targets a worker may hold: enough to keep its connections busy over a round trip, few enough to take back at once.
    static let credit = 1_024
    /// How long a turn of the loop's own waits after one that could not be committed.
    static let failedMilliseconds: Int64 = 1_000
    /// How long what came back unsent waits: a worker that hands everything back must not keep the loop busy.
    static let returnedMilliseconds: Int64 = 250
    /// Longest time after which a lane looks again whether a retry is due: a wall clock that was an hour behind and is set right must
    /// not hold retries up for that hour.
    static let dueLookMilliseconds: Int64 = 30_000
    /// How long a lane waits for messages that may come back unsent, when nothing else is left of the budget.
    static let budgetMilliseconds: Int64 = 250
    /// What could not be sent this long before the hours of its recipient end is not granted: a lease runs from when the worker
    /// named its credit, which may be ``creditAgeMilliseconds`` ago.
    static let closingMilliseconds: Int64 = 20_000
    /// Targets in one shard.
    static let shardTargets = 256
    /// Credit older than this is not granted on, since its lease would be born old; workers renew it every 5 s.
    static let creditAgeMilliseconds: Int64 = 15_000
    /// How much later than the holder the coordinator takes a lease for lost.
    static let leaseGuardMilliseconds: Int64 = 5_000
    /// How long after its problem a worker's relay may be tried again with one shard.
    static let relayProbeMilliseconds: Int64 = 5_000
    /// Values and addresses in one shard: with them a grant stays far below the 4 MiB of a frame.
    static let shardBytes = 1 << 20
    /// How long a lane waits when the workers that can use its relay are full, while others are not.
    static let fullMilliseconds: Int64 = 50
    /// Targets of one site in one worker's hands for each connection slot: keeps the slots busy while outcomes are on their way.
    static let targetsPerSlot = 48
    /// Queues that small sites share, for each campaign.
    static let tailLanes = 16
    /// Sites with a lane of their own, for each campaign.
    static let ownLanes = 512
    /// A site gets a lane of its own once this many of its contacts are in the audience.
    static let ownLaneTargets: UInt32 = 200
    /// Sites that may be written to at less than their rate, each by its own factor: a hundred bytes each.
    static let pacedSites = 65_536
    /// A lease of which nothing was settled for so many times its ttl has what is not begun taken back: others get on with it.
    static let stillTTLs: Int64 = 2
    /// What is begun may be still for as long as a relay may take over one message, 27 minutes by RFC 5321 section 4.5.3.2, and a
    /// little more.
    static let stillBegunMilliseconds: Int64 = 1_800_000
    /// How often a worker with which nothing at all moves gets one shard to try.
    static let stillProbeMilliseconds: Int64 = 60_000
    /// How long a worker that suspects are to be granted to may take to end what it has.
    static let reservationMilliseconds: Int64 = 10_000
    /// When suspects are looked at again that no worker was free for.
    static let apartMilliseconds: Int64 = 250
    /// When targets that are kept apart are granted like others, if no worker was ever free for them.
    static let apartMillisecondsMax: Int64 = 600_000
    /// Targets of one campaign found one after the other to bring workers down, with no outcome in between, after which it is paused:
    /// then it is not the targets.
    static let poisonedInRow = 3
    /// Workers that may be connected at once.
    static let sessions = 1_000
    /// Sessions of one worker in which nothing was said yet: the newest, and one whose answer the worker may just have got.
    static let arrivalsOfWorker = 2
    /// How long idle sites' throttles stay in memory.
    static let idleSitesMilliseconds: Int64 = 60_000
    /// How often the clock is noted while a campaign runs: so much a restart does not see of a clock that was set back.
    static let clockNoteMilliseconds: Int64 = 30_000
    /// A turn longer than this is worth a line in the log: leases, pauses and answers wait for it.
    static let slowTurnMilliseconds: Int64 = 500
    /// How often the throughput line is written.
    static let throughputMilliseconds: Int64 = 5_000
}
