import Domain
import Engine
import Testing

@Suite("Lane queue")
struct LaneQueueTests {
    private let now = Instant(milliseconds: 1_000)

    private func key(_ campaign: Int64, _ lane: Int) -> LaneKey { LaneKey(campaign: Campaign.ID(campaign), lane: lane) }

    @Test(
        "campaigns share by weight",
        arguments: [[1, 1], [1, 2, 3], [10, 1], [5, 5, 5, 1], [100, 1]],
        [256, 100, 17]
    )
    func weights(weights: [Int], shard: Int) {
        var queue = LaneQueue()
        var granted = weights.map { _ in 0 }
        for (index, weight) in weights.enumerated() {
            queue.add(campaign: Campaign.ID(Int64(index + 1)), weight: weight)
            for lane in 0..<5 { queue.wake(self.key(Int64(index + 1), lane)) }
        }
        var total = 0
        while total < 400_000 {
            guard let lane = queue.next(at: self.now) else { break }
            queue.served(lane, targets: shard)
            granted[Int(lane.campaign.rawValue) - 1] += shard
            total += shard
        }
        let sum = weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            let due = Double(weight) / Double(sum)
            let share = Double(granted[index]) / Double(total)
            #expect(abs(share - due) <= 0.05, "\(granted)")
        }
    }

    @Test("no lane starves: a campaign's lanes take turns", arguments: [1, 3, 100])
    func turns(lanes: Int) {
        var queue = LaneQueue()
        queue.add(campaign: Campaign.ID(1), weight: 1)
        for lane in 0..<lanes { queue.wake(self.key(1, lane)) }
        var served: [Int: Int] = [:]
        for _ in 0..<lanes * 10 {
            guard let lane = queue.next(at: self.now) else { break }
            served[lane.lane, default: 0] += 1
            queue.served(lane, targets: 256)
        }
        #expect(served.count == lanes && served.values.allSatisfy { $0 == 10 })
    }

    @Test("to wake a lane twice is to wake it once")
    func idempotent() {
        var queue = LaneQueue()
        queue.add(campaign: Campaign.ID(1), weight: 1)
        for _ in 0..<3 { queue.wake(self.key(1, 0)) }
        #expect(queue.next(at: self.now) == self.key(1, 0))
        queue.park(self.key(1, 0))
        #expect(queue.next(at: self.now) == nil)
    }

    @Test("a waiting lane is not served before its time, unless it is woken")
    func waiting() {
        var queue = LaneQueue()
        queue.add(campaign: Campaign.ID(1), weight: 1)
        for lane in 0..<2 { queue.wake(self.key(1, lane)) }
        let later = self.now.advanced(byMilliseconds: 500)
        for _ in 0..<2 {
            guard let lane = queue.next(at: self.now) else { break }
            queue.wait(lane, until: later)
        }
        #expect(queue.nextTime == later)
        queue.wakeIfParked(self.key(1, 0))
        #expect(queue.next(at: later.advanced(byMilliseconds: -1)) == nil)
        queue.wake(self.key(1, 1))
        #expect(queue.next(at: self.now) == self.key(1, 1))
        queue.park(self.key(1, 1))
        // Its old time comes, and does not wake it from its parking place.
        #expect(queue.next(at: later) == self.key(1, 0))
        queue.park(self.key(1, 0))
        #expect(queue.next(at: later) == nil)
        #expect(queue.nextTime == nil)
    }

    @Test("a campaign that left is not served, and what it did not use is not saved up")
    func leaves() {
        var queue = LaneQueue()
        for campaign in 1...2 { queue.add(campaign: Campaign.ID(Int64(campaign)), weight: 1) }
        for campaign in 1...2 { queue.wake(self.key(Int64(campaign), 0)) }
        queue.remove(campaign: Campaign.ID(1))
        queue.wake(self.key(1, 0))
        #expect(queue.next(at: self.now) == self.key(2, 0))
        queue.park(self.key(2, 0))
        #expect(queue.next(at: self.now) == nil)
        #expect(!queue.hasReady)
        queue.add(campaign: Campaign.ID(1), weight: 1)
        queue.wake(self.key(1, 0))
        #expect(queue.next(at: self.now) == self.key(1, 0))
    }

    @Test("under random acts the queue serves exactly the lanes that a plain model has ready", arguments: 1...20)
    func model(seed: UInt64) {
        var random = SplitMix64(seed)
        var queue = LaneQueue()
        var now = self.now
        var ready: Set<LaneKey> = []
        var waiting: [LaneKey: Instant] = [:]
        for campaign in 1...3 { queue.add(campaign: Campaign.ID(Int64(campaign)), weight: campaign) }
        for _ in 0..<5_000 {
            let lane = self.key(Int64.random(in: 1...3, using: &random), Int.random(in: 0..<6, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                queue.wake(lane)
                waiting[lane] = nil
                ready.insert(lane)
            case 1:
                queue.wakeIfParked(lane)
                if waiting[lane] == nil { ready.insert(lane) }
            case 2: now = now.advanced(byMilliseconds: Int64.random(in: 0...40, using: &random))
            default:
                for (lane, time) in waiting where time <= now {
                    waiting[lane] = nil
                    ready.insert(lane)
                }
                guard let next = queue.next(at: now) else {
                    #expect(ready.isEmpty)
                    continue
                }
                #expect(ready.remove(next) != nil)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: queue.park(next)
                case 1:
                    let until = now.advanced(byMilliseconds: Int64.random(in: 1...100, using: &random))
                    queue.wait(next, until: until)
                    waiting[next] = until
                default:
                    queue.served(next, targets: Int.random(in: 0...256, using: &random))
                    ready.insert(next)
                }
            }
        }
    }
}
