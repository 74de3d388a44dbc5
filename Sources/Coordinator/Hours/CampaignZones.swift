import Domain
import TimeZones
import UserFiles

extension UserFiles.CampaignFile {
    /// The campaign's zone: whose clocks its start goes by, and its window where nothing is known of a recipient.
    ///
    /// - Parameter home: The zone of campaigns that name none.
    /// - Returns: Its IANA name.
    func zone(home: String) -> String {
        switch self.schedule.timezone {
        case .zone(let name): name
        case .recipient: self.schedule.homeTimezone ?? home
        }
    }

    /// Looks whether the zones that the file names are there.
    ///
    /// - Throws: ``PlanProblems`` that name the key.
    func checkZones(_ zones: any ZoneSource, home: String) throws(PlanProblems) {
        let zone = self.zone(home: home)
        guard zones.rules(of: zone) == nil else { return }
        var key = "schedule.timezone"
        if case .recipient = self.schedule.timezone { key = "schedule.home_timezone" }
        throw PlanProblems(diagnostics: [
            self.diagnostic(
                at: key,
                "the system has no time zone '\(zone)'; allowed: \(CampaignSchedule.zoneGrammar)"
            )
        ])
    }

    /// At which hours it is sent; `nil`: at all.
    func hours(home: String, _ zones: any ZoneSource) -> RecipientHours? {
        guard let window = self.schedule.window else { return nil }
        return RecipientHours(
            window: window,
            clocks: self.schedule.timezone == .recipient ? .recipient : .home,
            home: self.zone(home: home),
            source: zones
        )
    }

    /// When it starts by itself; `nil`: as soon as it is approved.
    func start(_ zones: any ZoneSource, home: String) -> Timestamp? {
        guard let start = self.schedule.start, let rules = zones.rules(of: self.zone(home: home)) else { return nil }
        return start.moment(in: rules)
    }

    /// A warning that the time at which it is to start has passed at `now`, as with a wrong year; `nil` when it has not.
    func startWarning(at now: Timestamp, _ zones: any ZoneSource, home: String) -> Diagnostic? {
        guard let start = self.start(zones, home: home), start < now else { return nil }
        let seconds = (now.milliseconds - start.milliseconds) / 1_000
        let units: [(name: String, seconds: Int64)] = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)]
        var ago = "a moment"
        if let unit = units.first(where: { seconds >= $0.seconds }) {
            let count = seconds / unit.seconds
            ago = "\(count) \(unit.name)\(count == 1 ? "" : "s")"
        }
        return self.diagnostic(
            .warning,
            at: "schedule.start",
            "\(start.rfc3339) was \(ago) ago: the campaign starts as soon as it is approved"
        )
    }
}

extension LoopOptions {
    /// At which hours a campaign is sent; `nil`: at all.
    ///
    /// When its zone is not there any more, nobody is written to whose own is not known.
    func hours(of file: UserFiles.CampaignFile) -> RecipientHours? { file.hours(home: self.homeZone, self.zones) }
}
