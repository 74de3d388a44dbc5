import Domain
import Engine
import Storage
import Testing

@testable import CoordinatorCore

@Suite("What is left in buckets after a restart with other limits")
struct ThrottleLevelsTests {
    private static let minute = Limit(quantity: 600, periodMilliseconds: 60_000, burst: 600)
    private static let second = Limit(quantity: 100, periodMilliseconds: 1_000)
    private static let day = Limit(quantity: 86_400, periodMilliseconds: 86_400_000, burst: 5_000)

    private func stored(_ level: Double, at seconds: Int64 = 0) -> ClusterStore.StoredLevel {
        ClusterStore.StoredLevel(
            level: level,
            wall: Timestamp(milliseconds: seconds * 1_000),
            bootID: "boot",
            boot: Instant(milliseconds: 0)
        )
    }

    private func levels(_ limits: [Limit], _ stored: [String: ClusterStore.StoredLevel]) -> [Int: Double] {
        ThrottleLevels(stored).now(.relay("r#1"), limits) { _ in 2_000 }
    }

    @Test("each limit finds its own, wherever it stands in the list, and what flowed in since")
    func order() {
        let stored = ["relay:r#1#60000ms": self.stored(7), "relay:r#1#1000ms": self.stored(50)]
        #expect(self.levels([Self.minute, Self.second], stored) == [0: 27, 1: 250])
        #expect(self.levels([Self.second, Self.minute], stored) == [0: 250, 1: 27])
        let faster = Limit(quantity: 1_200, periodMilliseconds: 60_000)
        #expect(self.levels([faster], stored) == [0: 47])
    }

    @Test("a limit that is new begins with the least that others had left")
    func new() {
        let stored = ["relay:r#1#60000ms": self.stored(7), "relay:r#1#1000ms": self.stored(50)]
        #expect(self.levels([Self.day, Self.second], stored) == [0: 9, 1: 250])
        #expect(self.levels([Self.day], [:]).isEmpty, "nothing was ever sent: it begins full")
        #expect(self.levels([Self.day], ["relay:s#60000ms": self.stored(7)]).isEmpty)
    }

    @Test("what a limit had that was not in force lately is not believed")
    func notInForce() {
        let stored = [
            "relay:r#1#60000ms": self.stored(600, at: 10), "relay:r#1#1000ms": self.stored(3, at: 20),
            "relay:r#1#0": self.stored(900, at: 5),
        ]
        #expect(self.levels([Self.minute], stored) == [0: 23])
    }

    @Test("sites that have levels are told, whatever their names have in them")
    func sites() {
        let stored = [
            "site:b.example#1000ms": self.stored(1), "site:a#b#1000ms": self.stored(1),
            "cluster#1000ms": self.stored(1),
        ]
        #expect(ThrottleLevels(stored).sites == ["a#b", "b.example"])
    }
}
