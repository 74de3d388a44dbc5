import Foundation
import Testing

@Suite("Power cuts")
struct PowerCutTests {
    private static let cutsPerVoyage = 10

    /// Cuts in all: `POSTRIDER_POWER_CUTS`, or as many as take some seconds.
    private static var cuts: Int { Self.setting("POSTRIDER_POWER_CUTS") ?? 60 }

    /// First seed.
    private static var first: Int { Self.setting("POSTRIDER_POWER_FIRST") ?? 1 }

    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test("nothing that was acknowledged, granted or answered is missing after a power cut")
    func honestDisk() throws {
        var total = PowerVoyage.Result()
        var seed = Self.first
        while total.cuts < Self.cuts {
            let count = min(Self.cutsPerVoyage, Self.cuts - total.cuts)
            let result = try PowerVoyage.run(seed: UInt64(seed), cuts: count)
            total.cuts += count
            total.failures += result.failures
            total.facts += result.facts
            total.grants += result.grants
            total.departures += result.departures
            seed += 1
        }
        print("power-cuts: \(total.cuts) cuts, \(total.failures.count) failed")
        print("power-cuts: \(total.facts) facts acknowledged, \(total.grants) grants, \(total.departures) messages")
        #expect(total.failures == [])
        // It was work that was interrupted.
        #expect(total.facts > total.cuts * 10)
    }

    @Test("a sync that fails and loses what it was to write costs nothing that was acknowledged", arguments: 1...4)
    func failingSyncs(seed: Int) throws {
        let result = try PowerVoyage.run(seed: UInt64(seed), cuts: 6, sabotage: .failingSyncs)
        #expect(result.failures == [])
        #expect(result.facts > 0)
        #expect(result.faults > 0)
    }

    @Test("without syncs facts are missed", arguments: [PowerVoyage.Sabotage.deafDisk, .noSync])
    func mutation(sabotage: PowerVoyage.Sabotage) throws {
        var caught = 0
        for seed in 1...4 {
            let result = try PowerVoyage.run(seed: UInt64(seed), cuts: 8, sabotage: sabotage)
            if result.failures.contains(where: { $0.contains("ledger") || $0.contains("gone") }) { caught += 1 }
        }
        #expect(caught >= 2)
    }
}
