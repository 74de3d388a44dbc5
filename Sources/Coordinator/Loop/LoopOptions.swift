import Domain
import Engine
import Signing
import Storage
import TimeZones
import Wire

/// What the loop is told once, at the start.
struct LoopOptions: Sendable {
    var relays: [String: RelayOptions]
    var siteLimits: @Sendable (String) -> SiteOptions
    /// Sites with limits of their own.
    var namedSites: Set<String>
    var rollup: [String: String]
    var clusterLimits: [Limit]
    var leaseTTLMilliseconds: Int64
    var orphanGraceMilliseconds: Int64
    /// Names this boot of the machine.
    var machineBoot: String
    /// Key from which each campaign's Message-ID key is derived.
    var messageIDKey: [UInt8]
    /// Of the addresses that must not be written to.
    var addressKey = AddressKey([])
    /// Makes the links to unsubscribe that messages carry; `nil` when recipients cannot reach this coordinator.
    var links: UnsubscribeLinks?
    /// Time zones.
    var zones: any ZoneSource = ZoneFolder.system
    /// The zone of campaigns that name none.
    var homeZone = "UTC"
    /// When sending stops because of what comes back.
    var guards = GuardRules.standard
    /// How many messages a person may have, whatever campaigns say.
    var caps: [FrequencyCap] = []
    /// What an approval has to be for a campaign to start by itself.
    var approvals = ApprovalRules.standard
    /// What channels need before somebody is written to.
    var consent = ConsentProfile.standard
    /// What was found in the data folder; `nil` where there is none, as in tests.
    var place: PlaceCheck.Found?
    /// Puts a marker for this epoch on the disk, in place of the one before.
    var writeMarker: @Sendable (Epoch) throws(StoreError) -> Void = { _ in }

    struct RelayOptions: Sendable {
        var wire: WireRelay
        var limits: [Limit]
        var retries: RetryPolicy
        /// Price of one message.
        var costPerMessage = Money(billionths: 0)
        var signing = RelaySigning.relay
    }

    struct SiteOptions: Sendable {
        var limits: [Limit]
        var connections: Int
    }

    /// Where mail about messages comes back to; `nil` when it goes to the sender.
    var returns: ReturnOptions?

    /// By then nobody sends any more for a lease that is not renewed.
    var leaseOverMilliseconds: Int64 { self.leaseTTLMilliseconds + LoopLimits.leaseGuardMilliseconds }

    /// The keys that sign a campaign's messages, none when its relay does; `nil` when they must not leave.
    func signing(of campaign: RunningCampaign) -> [SigningKey]? {
        guard let plan = campaign.plan else { return nil }
        return self.relays[campaign.record.relay]?.signing.keys(from: plan.from.address.domain)
    }

    /// Why messages from a domain must not leave over a relay, as a sentence; `nil` when they may.
    func signingProblem(relay: String, from domain: String) -> String? {
        guard let options = self.relays[relay] else { return "relay '\(relay)' is not configured any more" }
        return options.signing.problem(from: domain, relay: relay)
    }

    /// The site that a recipient's domain belongs to.
    func site(of domain: String) -> String { self.rollup[domain] ?? domain }
}
