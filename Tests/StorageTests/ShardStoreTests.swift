import Domain
import Storage
import Testing

@Suite("Shards")
struct ShardStoreTests {
    private func shard(_ counter: UInt32, _ contents: ShardRecord.Contents) -> ShardRecord {
        ShardRecord(
            epoch: Epoch(incarnation: 3, counter: counter),
            campaign: Campaign.ID(2),
            lane: 5,
            contents: contents,
            holder: "w\(counter)"
        )
    }

    @Test(
        "a shard is read as it was written, and stays as history when it is closed",
        arguments: [
            ShardRecord.Contents.range(0..<256), .range(7..<8), .members([0]), .members([3, 70_000, 4_000_000_000]),
            .members(Array(stride(from: 1, to: 512, by: 2))),
        ]
    )
    func roundTrip(contents: ShardRecord.Contents) throws {
        let store = try TestStore()
        let shard = self.shard(1, contents)
        try store.write { connection throws(StoreError) in
            let shards = try ShardStore(connection)
            try shards.insert(shard, at: Timestamp(milliseconds: 1))
            let open = try shards.open()
            #expect(open == [shard])
            try shards.close(shard.epoch)
            let none = try shards.open()
            #expect(none.isEmpty)
            let history = try shards.shard(shard.epoch)
            #expect(history == shard)
            let unknown = try shards.shard(Epoch(77))
            #expect(unknown == nil)
        }
    }

    @Test("an epoch is granted once")
    func once() throws {
        let store = try TestStore()
        #expect(throws: StoreError.self) {
            try store.write { connection throws(StoreError) in
                let shards = try ShardStore(connection)
                for _ in 0..<2 { try shards.insert(self.shard(1, .range(0..<4)), at: Timestamp(milliseconds: 1)) }
            }
        }
        #expect(try store.rows("SELECT count(*) FROM shard") == ["0"])
    }

    @Test("what a shard contains", arguments: [(3, true), (4, true), (6, false), (2, false)])
    func contains(position: Int, isInside: Bool) {
        #expect(ShardRecord.Contents.range(3..<6).contains(position) == isInside)
        #expect(ShardRecord.Contents.members([3, 4]).contains(position) == isInside)
    }
}
