import Foundation
import Synchronization
import TimeZones
import UserFiles

/// The system's time zones, each read when it is first asked for.
final class ZoneFolder: ZoneSource {
    /// Where every Linux has them.
    static let path = "/usr/share/zoneinfo"
    static let system = ZoneFolder(path: ZoneFolder.path)

    private let path: String
    let countries: ZoneCountries
    let spellings: ZoneSpellings
    /// Zones read so far, of about 600; also those that cannot be read.
    private let known = Mutex<[String: ZoneRules?]>([:])
    /// Names come from contacts: an import with a million wrong ones must not fill the memory.
    private static let knownMax = 4_096

    init(path: String) {
        self.path = path
        func text(_ name: String) -> String {
            String(decoding: FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data(), as: UTF8.self)
        }
        let zoneTab = text("zone.tab")
        self.countries = ZoneCountries(zoneTab: zoneTab, countryTab: text("iso3166.tab"))
        self.spellings = ZoneSpellings(zoneTab: zoneTab, tzdata: text("tzdata.zi"))
    }

    func rules(of zone: String) -> ZoneRules? {
        guard ZoneName.isPossible(zone) else { return nil }
        if let found = self.known.withLock({ $0[zone] }) { return found }
        let rules = self.read(zone)
        self.known.withLock { known in
            if known.count >= Self.knownMax { known.removeAll() }
            known[zone] = .some(rules)
        }
        return rules
    }

    private func read(_ zone: String) -> ZoneRules? {
        guard let bytes = FileManager.default.contents(atPath: "\(self.path)/\(zone)") else { return nil }
        return try? TZFile.parse(Array(bytes))
    }

    /// The zone of campaigns that name none: the settings', else the machine's, else UTC.
    static func homeZone(_ settings: Settings) -> String { settings.timezone ?? Self.machineZone ?? "UTC" }

    /// What `/etc/localtime` points to.
    private static var machineZone: String? {
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/etc/localtime"),
            let folder = target.range(of: "zoneinfo/")
        else { return nil }
        let zone = String(target[folder.upperBound...])
        return Self.system.rules(of: zone) == nil ? nil : zone
    }
}
