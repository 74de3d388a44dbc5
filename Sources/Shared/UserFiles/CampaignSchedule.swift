package import TimeZones

/// `schedule` of a campaign file, without `expires_after`.
package struct CampaignSchedule: Hashable, Sendable {
    /// `start`: an approved campaign starts by itself then, by the clocks of its zone; `nil`: when it is approved.
    package var start: LocalTime?
    /// `timezone`: whose clocks count for ``window``, default `recipient`.
    package var timezone: Timezone
    /// `home_timezone`: the campaign's zone when ``timezone`` is the recipient's; `nil`: that of the configuration.
    package var homeTimezone: String?
    /// `window`: hours of the day; `nil`: any.
    package var window: DailyWindow?

    /// What `timezone` says.
    package enum Timezone: Hashable, Sendable {
        /// Each recipient's own.
        case recipient
        /// An IANA name; whether there is such a zone is still unchecked.
        case zone(String)
    }

    /// What an IANA name looks like, for messages.
    package static let zoneGrammar = "an IANA time zone such as America/New_York"

    /// Reads the group, with its `expires_after`.
    static func read(_ keys: KeyReader) -> (schedule: CampaignSchedule, expiresAfterMilliseconds: Int64) {
        let set = KeySet(known: ["start", "timezone", "home_timezone", "window", "expires_after"])
        let group = KeyReader(keys.node("schedule"), path: "schedule", reading: keys.reading, keys: set)
        let schedule = CampaignSchedule(
            start: group.value("start", default: nil, allowed: LocalTime.grammar) { LocalTime($0).map(Optional.some) },
            timezone: group.value("timezone", default: .recipient, allowed: "recipient, or \(Self.zoneGrammar)") {
                if $0 == "recipient" { return .recipient }
                return ZoneName.isPossible($0) ? .zone($0) : nil
            },
            homeTimezone: group.value("home_timezone", default: nil, allowed: Self.zoneGrammar) {
                ZoneName.isPossible($0) ? .some($0) : nil
            },
            window: group.value("window", default: nil, allowed: DailyWindow.grammar) {
                DailyWindow($0).map(Optional.some)
            }
        )
        if case .zone = schedule.timezone, group.has("home_timezone") {
            group.problem("home_timezone", "is of no use; allowed: only with timezone: recipient")
        }
        return (schedule, group.duration("expires_after", default: 259_200_000, in: 1_000...7_776_000_000))
    }
}
