import Domain
import Engine
import Storage
import StorageSQLite
import Testing

@Suite("Segments as SQL")
struct SegmentSQLTests {
    static let fields = [
        Field(name: "state", type: .text), Field(name: "age", type: .integer), Field(name: "donated", type: .decimal),
        Field(name: "first_time", type: .boolean), Field(name: "birth_date", type: .date), BuiltInField.language.field,
    ]

    private func segment(_ text: String, firstParameter: Int = 1) throws -> SegmentSQL {
        SegmentSQL(try ExpressionParser.parse(text, fields: Self.fields).get(), firstParameter: firstParameter)
    }

    @Test("values are bound from the given parameter on, in their order")
    func parameters() throws {
        let segment = try self.segment(
            "state = 'IA' and (age in (1, 2) or donated between 1.5 and 2)",
            firstParameter: 7
        )
        #expect(
            segment.condition
                == "((CAST(c.f_age AS INTEGER) IN (?8, ?9) OR (c.n_donated BETWEEN ?10 AND ?11)) AND c.f_state = ?7)"
        )
        #expect(segment.bindings == [.text("IA"), .integer(1), .integer(2), .real(1.5), .real(2)])
    }

    @Test("a caller may name the columns")
    func columns() throws {
        let expression = try ExpressionParser.parse("not first_time", fields: Self.fields).get()
        let segment = SegmentSQL(expression, firstParameter: 1) { "x.\"f_\($0.name)\"" }
        #expect(segment.condition == "NOT x.\"f_first_time\" = 1")
    }

    @Test(
        "SQLite finds the contacts that are meant",
        arguments: [
            ("", [1, 2, 3, 4]),
            ("state = 'IA'", [1, 4]),
            ("state <> 'IA'", [2]),
            ("not state = 'IA'", [2]),
            ("first_time", [1]),
            ("not first_time", [2, 4]),
            ("first_time = false", [2, 4]),
            ("first_time != false", [1]),
            ("state = 'IA' and first_time", [1]),
            ("state = 'NH' or first_time", [1, 2]),
            ("age > 9", [1, 2]),
            ("age between 9 and 10", [2, 4]),
            ("age not between 9 and 10", [1]),
            ("age in (100, 9)", [1, 4]),
            ("age not in (100, 9)", [2]),
            ("donated > 9.5", [1]),
            ("donated >= 9.50", [1, 2]),
            ("birth_date < '2000-01-01'", [1]),
            ("state like 'i%'", [1, 4]),
            ("state not like '_h'", [1, 4]),
            ("language = 'en'", [2]),
            ("language like 'zOë%'", [4]),
            ("language like '_OË[*'", [4]),
            ("language not like 'ZOË%'", [1, 2]),
            ("language like 'zoé%' or language like 'ë%'", []),
        ]
    )
    func results(text: String, expected: [Int64]) throws {
        #expect(try self.matches(try self.segment(text)) == expected)
    }

    @Test(
        "text that looks like SQL is only ever text",
        arguments: [
            "' OR 1=1--", "'; DROP TABLE contact;--", "\" OR \"\"=\"", "IA' UNION SELECT 1--", "?1", "\\", "%", "0x27",
            "c.f_state", "'||(SELECT 1)||'",
        ]
    )
    func injection(text: String) throws {
        let quoted = text.replacing("'", with: "''")
        let segment = try self.segment("state = '\(quoted)'")
        #expect(segment.condition == "c.f_state = ?1")
        #expect(segment.bindings == [.text(text)])
        #expect(try self.matches(segment) == [])
        #expect((try? self.segment("state = '\(text)' or \(text) = 'x'")) == nil)
    }

    @Test("the longest and deepest conditions run")
    func large() throws {
        let wide = repeatElement("age=1", count: 900).joined(separator: " or ")
        #expect(try self.matches(try self.segment(wide)) == [])
        let deep =
            String(repeating: "(first_time and (state='x' or ", count: 25) + "age=100"
            + String(repeating: "))", count: 25)
        #expect(try self.matches(try self.segment(deep)) == [1])
        let wideLevels = String(
            repeating: "(first_time and first_time and not (first_time and state='x' or ",
            count: 16
        )
        #expect(try self.matches(try self.segment(wideLevels + "age=100" + String(repeating: "))", count: 16))) == [1])
        #expect(try self.matches(try self.segment(String(repeating: "not ", count: 50) + "first_time")) == [1])
        let list = "age in (\(repeatElement("9", count: 1_000).joined(separator: ",")))"
        #expect(try self.matches(try self.segment(list)) == [4])
    }

    private func matches(_ segment: SegmentSQL) throws -> [Int64] {
        let database = try SQLiteDatabase(path: nil, profile: .ledger, applicationID: 1)
        return try database.access { connection throws(StoreError) in
            try connection.execute(
                """
                CREATE TABLE contact (id INTEGER PRIMARY KEY, language TEXT, f_state TEXT, f_age INTEGER,
                    f_donated TEXT, n_donated REAL, f_first_time INTEGER, f_birth_date TEXT);
                INSERT INTO contact VALUES (1, 'de', 'IA', 100, '10.00', 10, 1, '1999-12-31');
                INSERT INTO contact VALUES (2, 'en', 'NH', 10, '9.50', 9.5, 0, '2000-01-01');
                INSERT INTO contact VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
                INSERT INTO contact VALUES (4, 'ZoË[*', 'IA', 9, '9', 9, 0, '2001-01-01')
                """
            )
            let statement = try connection.prepare("SELECT id FROM contact c WHERE \(segment.condition) ORDER BY id")
            for (index, value) in segment.bindings.enumerated() { statement.bind(index + 1, value) }
            var found: [Int64] = []
            while try statement.step() { found.append(statement.integer(0)) }
            statement.reset()
            return found
        }
    }
}
