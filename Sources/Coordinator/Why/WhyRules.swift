import Domain
import Storage
import TimeZones

/// What of the configuration decides about single people.
struct WhyRules: Sendable {
    /// The configuration's, besides a campaign's own.
    var caps: [FrequencyCap] = []
    /// What channels need before somebody is written to.
    var consent = ConsentProfile.standard
    var zones: any ZoneSource = ZoneFolder.system
    /// The zone of campaigns that name none.
    var homeZone = "UTC"
    /// Finds suppressed addresses that no contact has; `nil`: none is found.
    var addressKey: AddressKey?
    /// The machine's clock.
    var now: @Sendable () -> Timestamp = { WallClock.now() }
}
