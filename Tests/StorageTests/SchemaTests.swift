import Storage
import StorageSQLite
import Testing

@Suite("Schema")
struct SchemaTests {
    @Test("a store is migrated once, and again changes nothing", arguments: StoreKind.allCases)
    func again(kind: StoreKind) throws {
        let store = try TestStore(kind)
        try store.write { connection throws(StoreError) in try ListStoreSample.make(connection) }
        try store.access { connection throws(StoreError) in try Schema.migrate(connection) }
        #expect(try store.rows("SELECT version FROM schema_version") == ["\(Schema.version)"])
        #expect(try store.rows("SELECT name FROM list") == ["sample"])
    }

    @Test("a store of a newer program is refused, and left as it is")
    func tooNew() throws {
        let store = try TestStore()
        try store.access { connection throws(StoreError) in
            try connection.execute("UPDATE schema_version SET version = 99")
        }
        #expect(throws: StoreError.tooNew(found: 99, known: Schema.version)) {
            try store.access { connection throws(StoreError) in try Schema.migrate(connection) }
        }
        #expect(try store.rows("SELECT version FROM schema_version") == ["99"])
    }

    @Test("a file of another program is refused")
    func stranger() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/other.db"
        let other = try SQLiteDatabase(path: path, profile: .ledger, applicationID: Schema.journalID)
        try other.access { connection throws(StoreError) in try connection.execute("CREATE TABLE t (a INTEGER)") }
        try other.close()
        #expect(throws: StoreError.self) {
            _ = try SQLiteDatabase(path: path, profile: .ledger, applicationID: Schema.ledgerID)
        }
    }
}

private enum ListStoreSample {
    static func make(_ connection: any SQLConnection) throws(StoreError) {
        try connection.execute("INSERT INTO list (name) VALUES ('sample')")
    }
}
