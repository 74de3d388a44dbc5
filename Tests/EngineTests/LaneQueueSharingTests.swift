import Domain
import Testing

@testable import Engine

@Suite("Which lane is served next")
struct LaneQueueSharingTests {
    static let large = Campaign.ID(1)
    static let small = Campaign.ID(2)

    private static func queue(_ campaigns: [(id: Campaign.ID, weight: Int, lanes: Int)]) -> LaneQueue {
        var queue = LaneQueue()
        for campaign in campaigns {
            queue.add(campaign: campaign.id, weight: campaign.weight)
            for lane in 0..<campaign.lanes { queue.wake(LaneKey(campaign: campaign.id, lane: lane)) }
        }
        return queue
    }

    /// A limit that all share lets one shard of 50 through every 250 ms; who finds it used up waits for the next.
    private static func share(_ queue: inout LaneQueue, rounds: Int, from start: Int64 = 0) -> [Campaign.ID: Int] {
        var granted: [Campaign.ID: Int] = [:]
        for round in 0..<rounds {
            let now = Instant(milliseconds: start + Int64(round) * 250)
            var permits = 50
            while let lane = queue.next(at: now) {
                if permits > 0 {
                    granted[lane.campaign, default: 0] += permits
                    queue.served(lane, targets: permits)
                    permits = 0
                } else {
                    queue.wait(lane, until: now.advanced(byMilliseconds: 250))
                }
            }
        }
        return granted
    }

    @Test(
        "campaigns share a limit by weight, however few targets it lets through at a time",
        arguments: [(1, 1), (3, 1), (1, 4)],
        [(5, 5), (1, 40), (16, 1)]
    )
    func sharesByWeight(weights: (Int, Int), lanes: (Int, Int)) {
        var queue = Self.queue([(Self.large, weights.0, lanes.0), (Self.small, weights.1, lanes.1)])
        let rounds = 20 * (weights.0 + weights.1)
        let granted = Self.share(&queue, rounds: rounds)
        #expect(granted[Self.large] == 50 * 20 * weights.0)
        #expect(granted[Self.small] == 50 * 20 * weights.1)
    }

    @Test("a campaign that begins late is served at once, and takes no more than its share")
    func beginsLate() {
        var queue = Self.queue([(Self.large, 1, 3)])
        _ = Self.share(&queue, rounds: 1_000)
        queue.add(campaign: Self.small, weight: 1)
        queue.wake(LaneKey(campaign: Self.small, lane: 0))
        let first = queue.next(at: Instant(milliseconds: 0))
        #expect(first?.campaign == Self.small)
        queue.park(LaneKey(campaign: Self.small, lane: 0))
        queue.wake(LaneKey(campaign: Self.small, lane: 0))
        let granted = Self.share(&queue, rounds: 100, from: 1_000_000)
        #expect(abs((granted[Self.large] ?? 0) - (granted[Self.small] ?? 0)) <= 50)
    }

    @Test("one that had nothing to do catches up on one shard, no more")
    func catchesUp() {
        var queue = Self.queue([(Self.large, 1, 2), (Self.small, 1, 1)])
        #expect(queue.next(at: Instant(milliseconds: 0))?.campaign == Self.large)
        queue.served(LaneKey(campaign: Self.large, lane: 0), targets: 1)
        #expect(queue.next(at: Instant(milliseconds: 0))?.campaign == Self.small)
        queue.park(LaneKey(campaign: Self.small, lane: 0))
        _ = Self.share(&queue, rounds: 1_000)
        queue.wake(LaneKey(campaign: Self.small, lane: 0))
        let granted = Self.share(&queue, rounds: 100, from: 1_000_000)
        let ahead = (granted[Self.small] ?? 0) - (granted[Self.large] ?? 0)
        #expect(ahead >= 0 && ahead <= Int(LaneQueue.arrearsMax) + 100)
    }

    @Test("lanes of a campaign take turns; a lane that waits comes back at its time, a parked one when it is woken")
    func places() {
        var queue = Self.queue([(Self.large, 1, 3)])
        let lanes = (0..<3).map { LaneKey(campaign: Self.large, lane: $0) }
        let start = Instant(milliseconds: 0)
        for lane in lanes {
            #expect(queue.next(at: start) == lane)
            queue.served(lane, targets: 256)
        }
        #expect(queue.next(at: start) == lanes[0])
        queue.wait(lanes[0], until: Instant(milliseconds: 10))
        #expect(queue.next(at: start) == lanes[1])
        queue.park(lanes[1])
        #expect(queue.next(at: start) == lanes[2])
        queue.park(lanes[2])
        #expect(queue.next(at: Instant(milliseconds: 9)) == nil)
        #expect(queue.nextTime == Instant(milliseconds: 10))
        #expect(queue.next(at: Instant(milliseconds: 10)) == lanes[0])
        queue.park(lanes[0])
        queue.wakeIfParked(lanes[2])
        #expect(queue.next(at: Instant(milliseconds: 10)) == lanes[2])
    }
}
