import Foundation
import TimeZones

/// The zones of the machine that the tests run on.
struct SystemZones: ZoneSource {
    static let folder = "/usr/share/zoneinfo"
    let countries: ZoneCountries

    init() throws {
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
        }
        self.countries = ZoneCountries(zoneTab: try text("zone.tab"), countryTab: try text("iso3166.tab"))
    }

    func rules(of zone: String) -> ZoneRules? { try? Self.read(zone) }

    static func bytes(of zone: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(zone)")))
    }

    static func read(_ zone: String) throws -> ZoneRules { try TZFile.parse(try Self.bytes(of: zone)) }
}
