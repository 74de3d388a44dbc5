import Domain
import Storage
import Testing

@Suite("Lanes")
struct LaneStoreTests {
    @Test("a lane is read as it was written, with every count in its place")
    func roundTrip() throws {
        let store = try TestStore()
        var lane = LaneRecord(campaign: Campaign.ID(1), lane: 0, site: "a.example", isTail: false)
        var tail = LaneRecord(campaign: Campaign.ID(1), lane: 1, site: "tail-3", isTail: true)
        lane.audience = 1_000
        lane.cursor = 700
        lane.sentTwice = 3
        for (index, outcome) in Outcome.allCases.enumerated() { lane.counts[outcome] = index + 10 }
        tail.audience = 5
        #expect(lane.counts.sum == (10..<18).reduce(0, +))
        #expect(lane.pending == 1_000 - lane.counts.sum)
        let (first, second) = (lane, tail)
        try store.write { connection throws(StoreError) in
            let lanes = try LaneStore(connection)
            try lanes.save(second)
            try lanes.save(LaneRecord(campaign: Campaign.ID(1), lane: 0, site: "a.example", isTail: false))
            try lanes.save(first)
            let read = try lanes.lanes(of: Campaign.ID(1))
            #expect(read == [first, second])
            let others = try lanes.lanes(of: Campaign.ID(2))
            #expect(others.isEmpty)
        }
    }

    @Test("the first retry of a lane is found, whatever else waits elsewhere")
    func earliest() throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let targets = try TargetStore(connection)
            let lanes = try LaneStore(connection)
            let campaign = Campaign.ID(1)
            let none = try lanes.earliestDue(campaign: campaign, lane: 0)
            #expect(none == nil)
            for (position, due) in [(0, Int64(900)), (1, 400), (2, 600)] {
                for lane in 0...1 {
                    let key = TargetKey(campaign: campaign, lane: lane, position: position)
                    try targets.insert(key, contact: Contact.ID(1))
                    let entry = LedgerEntry(
                        key: key,
                        epoch: Epoch(1),
                        outcome: .deferred,
                        reason: "",
                        at: Timestamp(milliseconds: 1)
                    )
                    try targets.schedule(
                        entry,
                        variant: 0,
                        attempts: 1,
                        due: Timestamp(milliseconds: due + Int64(lane) * 10_000),
                        isDoubted: false
                    )
                }
            }
            let first = try lanes.earliestDue(campaign: campaign, lane: 0)
            #expect(first == Timestamp(milliseconds: 400))
            let second = try lanes.earliestDue(campaign: campaign, lane: 1)
            #expect(second == Timestamp(milliseconds: 10_400))
        }
    }
}
