import Domain
import Storage
import Testing

@Suite("Stored tokens")
struct TokenStoreTests {
    private func record(madeBy: String?, digest: [UInt8] = [1, 2]) -> TokenRecord {
        TokenRecord(
            name: "ann",
            role: .approver,
            digest: digest,
            madeAt: Timestamp(milliseconds: 0),
            madeBy: madeBy,
            expiresAt: nil
        )
    }

    @Test("a token is read as it was written, and noting a use changes nothing else", arguments: ["bob", nil])
    func uses(madeBy: String?) throws {
        let store = try TestStore()
        let read = try store.write { connection throws(StoreError) in
            let tokens = TokenStore(connection)
            var known = self.record(madeBy: madeBy)
            known.revokedAt = Timestamp(milliseconds: 3)
            try tokens.save(known)
            // Of a request that was answered just before it was revoked.
            var used = self.record(madeBy: madeBy)
            used.usedAt = Timestamp(milliseconds: 2)
            try tokens.noteUse(used)
            known.usedAt = used.usedAt
            let all = try tokens.all()
            #expect(all == [known])
            // Another token of that name.
            var other = self.record(madeBy: madeBy, digest: [9])
            other.usedAt = Timestamp(milliseconds: 5)
            try tokens.noteUse(other)
            return (try tokens.all(), known, other)
        }
        #expect(read.0 == [madeBy == nil ? read.2 : read.1])
    }
}
