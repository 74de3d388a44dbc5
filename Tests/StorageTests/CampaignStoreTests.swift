import Domain
import Storage
import Testing

@Suite("Campaigns")
struct CampaignStoreTests {
    private func record(_ id: Int64, _ state: CampaignState) -> CampaignRecord {
        var record = CampaignRecord(
            id: Campaign.ID(id),
            name: "n'ame",
            state: state,
            channel: "email",
            relay: "main",
            file: "c.yaml",
            content: "name: \u{1F4E8}\n",
            files: "{}",
            digest: "d",
            submittedBy: "bob",
            submittedAt: Timestamp(milliseconds: 1)
        )
        record.revision = 4
        record.approvedBy = "ann"
        record.approvedAt = Timestamp(milliseconds: 2)
        record.approvedDigest = "d"
        record.startedAt = Timestamp(milliseconds: 3)
        record.expiresAt = Timestamp(milliseconds: 5)
        record.freezeBound = 70
        record.freezeCursor = 8
        record.isFrozen = true
        return record
    }

    @Test("a campaign is read as it was written, and written over", arguments: CampaignState.allCases)
    func roundTrip(state: CampaignState) throws {
        let store = try TestStore()
        let first = self.record(1, state)
        var second = first
        second.finishedAt = Timestamp(milliseconds: 9)
        second.isCancelling = true
        second.approvedBy = nil
        let changed = second
        try store.write { connection throws(StoreError) in
            let campaigns = CampaignStore(connection)
            for record in [first, changed] {
                try campaigns.save(record)
                let read = try campaigns.campaign(record.id)
                #expect(read == record)
            }
        }
    }

    @Test("active are those with something left to settle", arguments: CampaignState.allCases, [false, true])
    func active(state: CampaignState, isCancelling: Bool) throws {
        let store = try TestStore()
        var record = self.record(1, state)
        record.isCancelling = isCancelling
        let saved = record
        let found = try store.write { connection throws(StoreError) in
            try CampaignStore(connection).save(saved)
            return try CampaignStore(connection).active().count
        }
        #expect(found == (state == .running || state == .paused || isCancelling ? 1 : 0))
    }

    @Test("ids rise, the newest campaign is listed first, and an unknown state is damage")
    func listing() throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let campaigns = CampaignStore(connection)
            for expected in 1...3 {
                let id = try campaigns.nextID()
                #expect(id == Campaign.ID(Int64(expected)))
                try campaigns.save(self.record(id.rawValue, .submitted))
            }
            let all = try campaigns.all()
            #expect(all.map(\.id.rawValue) == [3, 2, 1])
            try connection.execute("UPDATE campaign SET state = 'sleeping' WHERE id = 2")
        }
        #expect(throws: StoreError.self) {
            try store.access { connection throws(StoreError) in _ = try CampaignStore(connection).all() }
        }
    }
}
