import Domain
import Storage
import Testing

@Suite("What the coordinator must not forget")
struct ClusterStoreTests {
    @Test("values, levels and workers are read as they were written last")
    func roundTrip() throws {
        let store = try TestStore(.file)
        try store.write { connection throws(StoreError) in
            let cluster = try ClusterStore(connection)
            let unknown = try cluster.meta("incarnation")
            #expect(unknown == nil)
            for value in ["1", "2"] { try cluster.setMeta("incarnation", value) }
            let known = try cluster.meta("incarnation")
            #expect(known == "2")

            for level in [7.25, 0.125] {
                let stored = ClusterStore.StoredLevel(
                    level: level,
                    wall: Timestamp(milliseconds: 10),
                    bootID: "b",
                    boot: Instant(milliseconds: 20)
                )
                try cluster.saveLevel("site:a#0", stored)
                let levels = try cluster.levels()
                #expect(levels == ["site:a#0": stored])
            }

            for journal in [[1, 2], [0, 255]] as [[UInt8]] {
                let worker = ClusterStore.WorkerRecord(
                    name: "w",
                    journal: journal,
                    machineBoot: "m",
                    build: "1",
                    lastSeen: Timestamp(milliseconds: 3)
                )
                try cluster.save(worker)
                let workers = try cluster.workers()
                #expect(workers == [worker])
            }
        }
    }
}
