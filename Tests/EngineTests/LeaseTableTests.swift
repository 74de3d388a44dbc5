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

    @Test("only its holder renews a lease, and not once it is recalled or overdue")
    func renewal() {
        var table = LeaseTable()
        table.insert(self.lease(1, positions: [1]))
        let epoch = Epoch(incarnation: 1, counter: 1)
        let later = Instant(milliseconds: 20_000)
        #expect(table.renew(epoch, by: "other", deadline: later) == false)
        #expect(table.renew(Epoch(7), by: "w", deadline: later) == false)
        #expect(table.renew(epoch, by: "w", deadline: later) == true)
        #expect(table.expire(at: Instant(milliseconds: 19_999)).isEmpty)
        #expect(table.expire(at: later).map(\.epoch) == [epoch])
        #expect(table.expire(at: later).isEmpty)
        #expect(table.renew(epoch, by: "w", deadline: Instant(milliseconds: 30_000)) == false)
        table.resume(epoch, deadline: Instant(milliseconds: 30_000))
        let recalls = [table.recall(epoch), table.recall(epoch)]
        #expect(recalls == [true, false])
        #expect(table.renew(epoch, by: "w", deadline: Instant(milliseconds: 40_000)) == false)
        #expect(table.expire(at: Instant(milliseconds: 30_000)).map(\.epoch) == [epoch])
    }

    @Test("the counts are always those of a plain model", arguments: 1...20)
    func model(seed: UInt64) {
        var random = EngineRandom(seed)
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
