import Domain
import Storage
import Testing

@Suite("Fields in the store")
struct FieldStoreTests {
    @Test("a field keeps the type that it was first given", arguments: StoreKind.allCases)
    func firstTypeWins(kind: StoreKind) throws {
        let store = try TestStore(kind)
        let first = [Field(name: "gift", type: .decimal), Field(name: "email", type: .text)]
        let second = [Field(name: "gift", type: .text), Field(name: "city", type: .text)]
        let settled = try store.write { connection throws(StoreError) in
            let fields = FieldStore(connection)
            _ = try fields.define(first)
            return try fields.define(second)
        }
        #expect(settled == [Field(name: "gift", type: .decimal), Field(name: "city", type: .text)])
        let all = try store.access { connection throws(StoreError) in try FieldStore(connection).all() }
        #expect(all.map(\.name) == BuiltInField.allCases.map(\.rawValue) + ["city", "gift"])
    }

    @Test(
        "a name that could be SQL is refused",
        arguments: ["", "a b", "A", "a;", "a\"", String(repeating: "a", count: 61)]
    )
    func names(name: String) throws {
        let store = try TestStore()
        #expect(throws: StoreError.self) {
            try store.write { connection throws(StoreError) in
                _ = try FieldStore(connection).define([Field(name: name, type: .text)])
            }
        }
    }

    @Test(
        "values print as they were written and compare by what they are",
        arguments: [
            (FieldType.text, "007", "007", "'007'"), (.integer, "42", "42", "42"), (.decimal, "1.50", "1.50", "1.5"),
            (.boolean, "true", "true", "1"), (.boolean, "false", "false", "0"),
            (.date, "2026-11-22", "2026-11-22", "'2026-11-22'"),
        ] as [(FieldType, String, String, String)]
    )
    func expressions(type: FieldType, written: String, printed: String, compared: String) throws {
        let store = try TestStore()
        let field = Field(name: "x", type: type)
        try store.write { connection throws(StoreError) in
            let fields = try FieldStore(connection).define([field])
            _ = try ContactStore(connection, fields: fields, policy: .merge, key: AddressKey([1])).upsert(
                ContactChunk(ContactRows(fields, [["a@b.c", written]]), rows: [0]),
                list: nil,
                source: nil,
                at: Timestamp(milliseconds: 0)
            )
        }
        let sql = "SELECT \(field.printedExpression()) FROM contact c WHERE \(field.comparedExpression()) = \(compared)"
        #expect(try store.rows(sql) == [printed])
    }
}
