import Domain
import Testing

@testable import Engine

@Suite("What a throttle has room for")
struct ThrottleRoomTests {
    static let start = Instant(milliseconds: 0)

    /// A bucket of 200 permits, 200 a second, of which `level` are there.
    private static func table(level: Int) -> ThrottleTable {
        var table = ThrottleTable()
        let limits = [Limit(quantity: 200, periodMilliseconds: 1_000)]
        table.define(.cluster, limits: limits, stored: [0: Double(level)], at: Self.start)
        return table
    }

    @Test(
        "what is wanted is granted when it is there, else as much as there is from a quarter of the bucket on",
        arguments: [
            (200, 256, ThrottleTable.Room.permits(200)),
            (200, 3, .permits(3)),
            (50, 256, .permits(50)),
            (49, 256, .wait(5)),
            (0, 256, .wait(250)),
            (3, 3, .permits(3)),
        ]
    )
    func room(level: Int, wanted: Int, room: ThrottleTable.Room) {
        var table = Self.table(level: level)
        #expect(table.room(for: wanted, in: .cluster, at: Self.start) == room)
    }

    @Test("who needs few waits for the same moment as who needs many", arguments: [1, 30, 49, 50, 256])
    func sameMoment(wanted: Int) {
        var table = Self.table(level: 0)
        #expect(table.room(for: wanted, in: .cluster, at: Self.start) == .wait(250))
    }

    @Test("a bucket of one permit is granted one by one")
    func one() {
        var table = ThrottleTable()
        let limits = [Limit(quantity: 60, periodMilliseconds: 60_000, burst: 1)]
        table.define(.cluster, limits: limits, at: Self.start)
        #expect(table.room(for: 9, in: .cluster, at: Self.start) == .permits(1))
        table.debit(1, in: .cluster)
        table.used(1, in: .cluster, at: Self.start)
        #expect(table.room(for: 9, in: .cluster, at: Self.start) == .wait(1_000))
    }
}
