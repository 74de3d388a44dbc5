import Domain
import Engine
import Testing

@Suite("Lease table")
struct LeaseTableTests {
    private let start = Instant(milliseconds: 1_000)

    private func lease(
        _ number: UInt32,
        campaign: Int64 = 1,
        holder: String = "w",
        positions: [Int],
        deferred: Set<Int> = [],
        deadline: Instant = Instant(milliseconds: 10_000)
    ) -> OpenLease {
        OpenLease(
            epoch: Epoch(incarnation: 1, counter: number),
            campaign: Campaign.ID(campaign),
            lane: 0,
            relay: "r",
            holder: holder,
            members: positions.map {
                OpenLease.Member(
                    position: $0,
                    contact: Contact.ID(Int64($0) + 1),
                    variant: 0,
                    attempts: 0,
                    wasDeferred: deferred.contains($0),
                    wasDoubted: false,
                    site: "s"
                )
            },
            deadline: deadline
        )
    }

    @Test(
        "a member is found by its position, in ranges with holes too",
        arguments: [[0], [5, 6, 7], [3, 9, 10, 400]]
    )
    func index(positions: [Int]) {
        let lease = self.lease(1, positions: positions)
        for position in 0..<500 {
            #expect(lease.index(of: position) == positions.firstIndex(of: position))
        }
    }

    @Test("a lease ends with its last member, and its epoch is gone then")
    func ends() {
        var table = LeaseTable()
        table.insert(self.lease(1, positions: [4, 5], deferred: [5]))
        let epoch = Epoch(incarnation: 1, counter: 1)
        #expect(table.open(of: Campaign.ID(1)) == (2, 1))
        #expect(table.contains(campaign: Campaign.ID(1), lane: 0, position: 4))
        #expect(table.settle(0, of: epoch) == .settled(leaseClosed: false))
        #expect(table.settle(0, of: epoch) == .alreadySettled)
        #expect(!table.contains(campaign: Campaign.ID(1), lane: 0, position: 4))
        #expect(table.settle(1, of: epoch) == .settled(leaseClosed: true))
        #expect(table.settle(1, of: epoch) == .alreadySettled)
        #expect(table[epoch] == nil && table.count == 0)
        #expect(table.open(of: Campaign.ID(1)) == (0, 0))
    }

    private let limits = LeaseTable.Stillness(restMilliseconds: 120_000, patienceMilliseconds: 1_800_000)

    /// A progress of the holder `w` of the first lease, which asks for a minute more.
    private func progress(
        _ table: inout LeaseTable,
        settled: UInt64 = 0,
        begun: Int = 0,
        at milliseconds: Int64,
        by worker: String = "w"
    ) -> LeaseTable.Judgement {
        table.progress(
            Epoch(incarnation: 1, counter: 1),
            by: worker,
            settled: settled,
            begun: begun,
            at: Instant(milliseconds: milliseconds),
            deadline: Instant(milliseconds: milliseconds + 60_000),
            limits: self.limits
        )
    }

    @Test("a lease of which nothing is settled for two minutes is asked back, and not renewed")
    func still() {
        var table = LeaseTable()
        table.insert(self.lease(1, positions: [1, 2], deadline: Instant(milliseconds: 900_000)))
        for time in stride(from: Int64(0), to: 120_000, by: 15_000) {
            #expect(self.progress(&table, at: time) == .init(isRenewed: true))
        }
        #expect(self.progress(&table, at: 120_000) == .init(mustRecall: true, isStill: true))
        #expect(self.progress(&table, at: 121_000) == .init(mustRecall: true), "said again, found once")
    }

    @Test("what is begun is renewed for as long as a relay may take, also of a lease that was asked back")
    func begun() {
        var table = LeaseTable()
        table.insert(self.lease(1, positions: [1, 2], deadline: Instant(milliseconds: 9_000_000)))
        #expect(self.progress(&table, begun: 1, at: 0) == .init(isRenewed: true))
        #expect(
            self.progress(&table, begun: 1, at: 120_000) == .init(isRenewed: true, mustRecall: true, isStill: true)
        )
        // The holder handed the other back.
        #expect(table.settle(1, of: Epoch(incarnation: 1, counter: 1)) == .settled(leaseClosed: false))
        #expect(self.progress(&table, begun: 1, at: 121_000) == .init(isRenewed: true, mustRecall: true))
        #expect(self.progress(&table, begun: 1, at: 1_920_999) == .init(isRenewed: true, mustRecall: true))
        #expect(self.progress(&table, begun: 1, at: 1_921_000) == .init(mustRecall: true))
    }

    @Test("only a count above all earlier ones, or an outcome that came, is a movement")
    func movement() {
        var table = LeaseTable()
        table.insert(self.lease(1, positions: Array(0..<4), deadline: Instant(milliseconds: 900_000)))
        #expect(self.progress(&table, settled: 2, at: 0).isRenewed == true)
        #expect(self.progress(&table, settled: 1, at: 60_000).isRenewed == true)
        #expect(self.progress(&table, settled: 2, at: 119_000).isRenewed == true)
        #expect(self.progress(&table, settled: 2, at: 120_000).isStill == true)
        var other = LeaseTable()
        other.insert(self.lease(1, positions: Array(0..<4), deadline: Instant(milliseconds: 900_000)))
        #expect(self.progress(&other, settled: 99, at: 0).isRenewed == true)
        #expect(self.progress(&other, settled: 100, at: 119_999).isRenewed == true)
        #expect(self.progress(&other, settled: 101, at: 120_000).isStill == true, "there are but four")
        var third = LeaseTable()
        third.insert(self.lease(1, positions: Array(0..<4), deadline: Instant(milliseconds: 900_000)))
        #expect(self.progress(&third, at: 0).isRenewed == true)
        _ = third.settle(0, of: Epoch(incarnation: 1, counter: 1))
        #expect(self.progress(&third, at: 100_000).isRenewed == true)
        #expect(self.progress(&third, at: 219_999).isStill == false)
    }

    @Test("only its holder renews a lease, and not once it is recalled or overdue")
    func renewal() {
        var table = LeaseTable()
        table.insert(self.lease(1, positions: [1]))
        let epoch = Epoch(incarnation: 1, counter: 1)
        let later = Instant(milliseconds: 20_000)
        #expect(self.progress(&table, at: 1_000, by: "other") == .init())
        let asked = table.progress(
            epoch,
            by: "w",
            settled: 0,
            begun: 0,
            at: self.start,
            deadline: later,
            limits: self.limits
        )
        #expect(asked.isRenewed)
        #expect(table.expire(at: Instant(milliseconds: 19_999)).isEmpty)
        #expect(table.expire(at: later).map(\.epoch) == [epoch])
        #expect(table.expire(at: later).isEmpty)
        #expect(self.progress(&table, begun: 1, at: 20_000) == .init())
        table.resume(epoch, deadline: Instant(milliseconds: 30_000))
        let recalls = [table.recall(epoch), table.recall(epoch)]
        #expect(recalls == [true, false])
        #expect(self.progress(&table, at: 21_000) == .init(mustRecall: true))
        #expect(table.expire(at: Instant(milliseconds: 30_000)).map(\.epoch) == [epoch])
    }

    @Test("the counts are always those of a plain model", arguments: 1...20)
    func model(seed: UInt64) {
        var random = SplitMix64(seed)
        var table = LeaseTable()
        var open: [Epoch: (lease: OpenLease, indexes: Set<Int>)] = [:]
        var number: UInt32 = 0
        for _ in 0..<500 {
            if Int.random(in: 0..<10, using: &random) == 0 {
                number += 1
                let positions = (0..<Int.random(in: 1...20, using: &random)).map { $0 * 2 }
                let lease = self.lease(
                    number,
                    campaign: Int64.random(in: 1...3, using: &random),
                    holder: "w\(Int.random(in: 0..<3, using: &random))",
                    positions: positions,
                    deferred: Set(positions.filter { _ in Bool.random(using: &random) })
                )
                table.insert(lease)
                open[lease.epoch] = (lease, Set(positions.indices))
            } else if let epoch = open.keys.sorted().randomElement(using: &random), let entry = open[epoch] {
                let index = Int.random(in: 0..<entry.lease.members.count, using: &random)
                let wasOpen = entry.indexes.contains(index)
                open[epoch]?.indexes.remove(index)
                let isOver = open[epoch]?.indexes.isEmpty ?? true
                #expect(table.settle(index, of: epoch) == (wasOpen ? .settled(leaseClosed: isOver) : .alreadySettled))
                if isOver { open[epoch] = nil }
            }
            #expect(self.agrees(table, open))
        }
    }

    private func agrees(_ table: LeaseTable, _ open: [Epoch: (lease: OpenLease, indexes: Set<Int>)]) -> Bool {
        let byWorker = (0..<3).allSatisfy { index in
            let mine = open.values.filter { $0.lease.holder == "w\(index)" }
            return table.open(of: "w\(index)") == mine.reduce(0) { $0 + $1.indexes.count }
                && table.epochs(of: "w\(index)") == mine.map(\.lease.epoch).sorted()
        }
        let byCampaign = (Int64(1)...3).allSatisfy { number in
            let mine = open.values.filter { $0.lease.campaign == Campaign.ID(number) }
            let deferred = mine.reduce(0) { sum, entry in
                sum + entry.indexes.count { entry.lease.members[$0].wasDeferred }
            }
            return table.open(of: Campaign.ID(number)) == (mine.reduce(0) { $0 + $1.indexes.count }, deferred)
                && table.epochs(of: Campaign.ID(number)) == mine.map(\.lease.epoch).sorted()
        }
        return byWorker && byCampaign && table.count == open.count
    }
}
