import Foundation
import TimeZones

/// The zones of the machine that the tests run on.
struct SystemZones: ZoneSource {
    static let folder = "/usr/share/zoneinfo"
    let countries: ZoneCountries
    let spellings: ZoneSpellings

    /// Read once: many tests ask for them.
    private static let read = Result {
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
        }
        let zoneTab = try text("zone.tab")
        return (
            ZoneCountries(zoneTab: zoneTab, countryTab: try text("iso3166.tab")),
            ZoneSpellings(zoneTab: zoneTab, tzdata: try text("tzdata.zi"))
        )
    }

    init() throws { (self.countries, self.spellings) = try Self.read.get() }

    func rules(of zone: String) -> ZoneRules? { try? Self.read(zone) }

    /// As many as this system's table has.
    static let greenland = (try? SystemZones().countries.zones(of: "GL").sorted()) ?? []

    static func bytes(of zone: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(zone)")))
    }

    static func read(_ zone: String) throws -> ZoneRules { try TZFile.parse(try Self.bytes(of: zone)) }
}
