import Domain
import Engine
import Storage
import StorageSQLite

/// Laws of segment expressions, up to the statement that the database runs.
enum ExpressionLaws {
    private static let fields = [
        Field(name: "state", type: .text), Field(name: "age", type: .integer), Field(name: "score", type: .decimal),
        Field(name: "first_time", type: .boolean), Field(name: "joined", type: .date),
        BuiltInField.email.field,
    ]

    static func check(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        switch ExpressionParser.parse(text, fields: Self.fields) {
        case .failure(let problems):
            try law(!problems.diagnostics.isEmpty, "a refusal says why")
            try law(problems.diagnostics.count <= ExpressionParser.problemsMax + 1, "problems are bounded")
            let lineCount = 1 + text.unicodeScalars.count { $0 == "\n" }
            for problem in problems.diagnostics {
                try law(
                    (1...lineCount).contains(problem.line) && problem.column >= 1,
                    "a problem has a place: \(problem)"
                )
            }
        case .success(let expression):
            let sql = SegmentSQL(expression, firstParameter: 1)
            let words = sql.condition.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122: true
                default: " ()=<>?,._".utf8.contains(byte)
                }
            }
            try law(words, "nothing of the text is in the statement: \(sql.condition)")
            try Self.run(sql)
        }
    }

    /// One database for all inputs; SQLite takes microseconds to refuse or run a statement over no rows.
    private static let database: Result<SQLiteDatabase, StoreError> = {
        do throws(StoreError) {
            let database = try SQLiteDatabase(path: nil, profile: .ledger, applicationID: 1)
            try database.access { connection throws(StoreError) in
                // Addresses are compared by their key.
                let columns = Set(Self.fields.flatMap { [$0.column, $0.numberColumn ?? $0.column] } + ["email_key"])
                    .sorted()
                try connection.execute("CREATE TABLE contact (\(columns.joined(separator: ", ")))")
            }
            return .success(database)
        } catch {
            return .failure(error)
        }
    }()

    private static func run(_ sql: SegmentSQL) throws {
        try Self.database.get().access { connection throws(StoreError) in
            let statement = try connection.prepare("SELECT count(*) FROM contact c WHERE \(sql.condition)")
            defer { statement.reset() }
            for (index, value) in sql.bindings.enumerated() { statement.bind(index + 1, value) }
            _ = try statement.step()
        }
    }
}
