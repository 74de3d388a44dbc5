import Domain
import Engine
import Testing

@Suite("Throttle table")
struct ThrottleTableTests {
    private let start = Instant(milliseconds: 1_000_000)
    private let ten = Limit(quantity: 10, periodMilliseconds: 1_000, burst: 10)
    private let hundred = Limit(quantity: 100, periodMilliseconds: 60_000, burst: 40)

    @Test("a scope without limits is free")
    func free() {
        var table = ThrottleTable()
        table.define(.cluster, limits: [], at: self.start)
        #expect(table.room(for: 256, in: .cluster, at: self.start) == .permits(256))
        #expect(!table.isDefined(.cluster))
        table.debit(256, in: .cluster)
        #expect(table.takeChanges().isEmpty)
    }

    @Test("all limits of a scope hold together")
    func together() {
        var table = ThrottleTable()
        table.define(.relay("r"), limits: [self.ten, self.hundred], at: self.start)
        #expect(table.room(for: 256, in: .relay("r"), at: self.start) == .permits(10))
        var granted = 0
        for second in 0..<60 {
            let now = self.start.advanced(byMilliseconds: Int64(second) * 1_000)
            guard case .permits(let count) = table.room(for: 256, in: .relay("r"), at: now) else { continue }
            table.debit(count, in: .relay("r"))
            table.used(count, in: .relay("r"), at: now)
            granted += count
        }
        #expect((100...140).contains(granted))
    }

    @Test("what changed is stored once, by key")
    func changes() {
        var table = ThrottleTable()
        table.define(.site("a.example"), limits: [self.ten, self.hundred], at: self.start)
        table.define(.cluster, limits: [self.ten], at: self.start)
        table.debit(4, in: .site("a.example"))
        let changes = table.takeChanges().sorted { $0.key < $1.key }
        #expect(changes.map(\.key) == ["site:a.example#1000ms", "site:a.example#60000ms"])
        #expect(changes.map(\.level) == [6, 36])
        #expect(table.takeChanges().isEmpty)
    }

    @Test("accounting for more than is outstanding takes nothing from others")
    func neverBelowZero() {
        var table = ThrottleTable()
        table.define(.cluster, limits: [self.ten], at: self.start)
        table.debit(3, in: .cluster)
        table.used(7, in: .cluster, at: self.start)
        table.returned(7, in: .cluster, at: self.start)
        let later = self.start.advanced(byMilliseconds: 60_000)
        #expect(table.room(for: 256, in: .cluster, at: later) == .permits(10))
    }

    @Test("open leases are outstanding again after a restart, so that their messages find their place")
    func restored() {
        var table = ThrottleTable()
        table.define(.cluster, limits: [self.ten], stored: [0: 9], at: self.start)
        table.restore(outstanding: 6, in: .cluster, at: self.start)
        let later = self.start.advanced(byMilliseconds: 60_000)
        #expect(table.room(for: 256, in: .cluster, at: later) == .permits(4))
        table.used(6, in: .cluster, at: later)
        #expect(table.room(for: 256, in: .cluster, at: later.advanced(byMilliseconds: 60_000)) == .permits(10))
    }

    @Test("more permits may be out than the bucket holds: nothing is granted until so many are accounted for")
    func restoredBeyondBurst() {
        var table = ThrottleTable()
        table.define(.cluster, limits: [self.ten], at: self.start)
        table.restore(outstanding: 9, in: .cluster, at: self.start)
        table.restore(outstanding: 8, in: .cluster, at: self.start)
        let later = self.start.advanced(byMilliseconds: 600_000)
        #expect(table.buckets(of: .cluster).map(\.outstanding) == [17])
        table.used(4, in: .cluster, at: later)
        table.returned(3, in: .cluster, at: later)
        #expect(table.buckets(of: .cluster).map(\.level) == [0])
        table.used(6, in: .cluster, at: later)
        #expect(table.room(for: 256, in: .cluster, at: later.advanced(byMilliseconds: 600_000)) == .permits(6))
    }

    @Test("while every permit is out nothing flows in, however late that is heard of")
    func nothingFlowsIn() {
        var table = ThrottleTable()
        table.define(.cluster, limits: [self.ten], at: self.start)
        table.debit(10, in: .cluster)
        let later = self.start.advanced(byMilliseconds: 60_000)
        table.used(10, in: .cluster, at: later)
        // Ten left just now, perhaps: ten more at once would be twice the burst.
        #expect(table.room(for: 10, in: .cluster, at: later) == .wait(200))
        #expect(table.room(for: 10, in: .cluster, at: later.advanced(byMilliseconds: 1_000)) == .permits(10))
    }

    @Test("a scope that is defined again as it was keeps its state, and a changed one what is outstanding")
    func redefined() {
        var table = ThrottleTable()
        table.define(.cluster, limits: [self.ten], at: self.start)
        table.debit(8, in: .cluster)
        table.define(.cluster, limits: [self.ten], at: self.start)
        #expect(table.room(for: 256, in: .cluster, at: self.start) == .permits(2))
        table.define(.cluster, limits: [self.hundred], at: self.start)
        #expect(table.room(for: 256, in: .cluster, at: self.start) == .permits(32))
    }

    @Test("a slowed scope fills more slowly, and as before once it recovered")
    func slowed() {
        var table = ThrottleTable()
        table.define(.site("s"), limits: [self.ten], stored: [0: 0], at: self.start)
        table.slow(.site("s"), to: 0.1, at: self.start)
        let second = self.start.advanced(byMilliseconds: 1_000)
        #expect(table.room(for: 1, in: .site("s"), at: second) == .permits(1))
        table.slow(.site("s"), to: 1, at: second)
        #expect(table.room(for: 4, in: .site("s"), at: second.advanced(byMilliseconds: 300)) == .permits(4))
    }

    @Test("sites that are as good as new are forgotten, others are not")
    func idle() {
        var table = ThrottleTable()
        for index in 0..<100 { table.define(.site("s\(index)"), limits: [self.ten], at: self.start) }
        table.debit(1, in: .site("s1"))
        table.debit(1, in: .site("s2"))
        table.used(1, in: .site("s2"), at: self.start)
        table.slow(.site("s3"), to: 0.5, at: self.start)
        _ = table.takeChanges()
        table.dropIdleSites(at: self.start.advanced(byMilliseconds: 60_000))
        #expect(table.count == 2)
        #expect(table.isDefined(.site("s1")) && table.isDefined(.site("s3")))
    }
}
