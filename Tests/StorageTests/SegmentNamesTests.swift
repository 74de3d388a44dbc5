import Domain
import Engine
import Storage
import Testing

@Suite("Segments that name lists, sources and campaigns")
struct SegmentNamesTests {
    static let state = Field(name: "state", type: .text)

    private func makeStore() throws -> TestStore {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            _ = try FieldStore(connection).define([Self.state])
            try connection.execute(
                """
                INSERT INTO source (id, name, basis, file, at) VALUES (1, 'form', '', 'a.csv', 0), (2, 'form', '', 'b.csv', 0),
                    (3, 'shop', '', 'c.csv', 0);
                INSERT INTO contact (id, email, email_key, domain, f_state, source, created_at, updated_at) VALUES
                    (1, 'a@x.org', 'a@x.org', 'x.org', 'IA', 1, 0, 0), (2, 'b@x.org', 'b@x.org', 'x.org', NULL, 2, 0, 0),
                    (3, 'c@y.org', 'c@y.org', 'y.org', 'NH', 3, 0, 0), (4, NULL, 'tel:1', NULL, 'IA', NULL, 0, 0);
                INSERT INTO list (id, name) VALUES (5, 'iowa'), (6, 'it''s');
                INSERT INTO list_member (list, contact) VALUES (5, 1), (5, 4), (6, 3);
                INSERT INTO campaign (id, name, state, channel, relay, file, content, files, digest, submitted_by, submitted_at)
                    VALUES (1, 'first', 'finished', 'email', 'main', '', '', '', '', '', 0),
                    (2, 'second', 'finished', 'email', 'main', '', '', '', '', '', 0);
                INSERT INTO target (campaign, lane, position, contact, state) VALUES (1, 0, 0, 1, 1), (1, 0, 1, 2, 3),
                    (2, 0, 0, 3, 1), (2, 0, 1, 2, 2);
                INSERT INTO event (at, kind, channel, campaign, contact, source, reason, detail, once) VALUES
                    (0, 'clicked', 'email', 1, 1, 'aws', '', '', '1'), (0, 'clicked', 'email', NULL, NULL, 'aws', '', '', '2'),
                    (0, 'bounced', 'email', 1, 1, 'dsn', 'temporary', '', '3'),
                    (0, 'bounced', 'email', 2, 3, 'dsn', 'permanent', '', '4'), (0, 'opened', 'email', 2, 3, 'aws', '', '', '5')
                """
            )
        }
        return store
    }

    private func names(_ store: TestStore) throws -> ExpressionNames {
        try store.access { connection throws(StoreError) in try NameStore(connection).names(today: "2026-11-22") }
    }

    @Test(
        "SQLite finds the contacts that are meant",
        arguments: [
            ("state is empty", 1), ("state is not empty", 3), ("list(iowa)", 2), ("not list(iowa)", 2),
            ("list('it''s')", 1), ("source(form)", 2), ("not source(form)", 1), ("received(first)", 1),
            ("received()", 2), ("not received", 2), ("bounced('c1')", 1), ("bounced(second)", 1),
            ("clicked(first)", 1), ("clicked(second)", 0), ("not clicked", 3), ("opened", 1), ("complained", 0),
            ("list(iowa) and received(first) and state = 'IA'", 1), ("email is empty", 1),
        ]
    )
    func results(text: String, expected: Int) throws {
        let store = try self.makeStore()
        let expression = try ExpressionParser.parse(text, names: try self.names(store)).get().expression
        var fold = SegmentFold(expression)
        while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
        #expect(fold.count == expected)
    }

    @Test("a count by site or field has one row for each value")
    func groups() throws {
        let store = try self.makeStore()
        func groups(_ key: SegmentGroupFold.Key) throws -> [String: Int] {
            var fold = SegmentGroupFold(.everyone, by: key, rollup: ["y.org": "x.org"])
            while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
            return fold.groups
        }
        #expect(try groups(.field(Self.state)) == ["IA": 2, "NH": 1, "": 1])
        #expect(try groups(.site) == ["x.org": 3, "": 1])
    }

    @Test("questions to other tables may stand as deep as brackets go")
    func deep() throws {
        let store = try self.makeStore()
        let names = try self.names(store)
        for leaf in ["list(iowa)", "received(first)", "source(form)"] {
            let text = String(repeating: "not (state = 'x' or ", count: 25) + leaf + String(repeating: ")", count: 25)
            var fold = SegmentFold(try ExpressionParser.parse(text, names: names).get().expression)
            while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
            #expect(fold.count >= 0)
        }
    }

    @Test("a segment is found by its name, and the last definition counts")
    func definitions() throws {
        let store = try self.makeStore()
        try store.write { connection throws(StoreError) in
            let segments = SegmentStore(connection)
            let at = Timestamp(milliseconds: 1)
            try segments.save(SegmentRecord(name: "b", expression: "state = 'IA'", definedBy: "ann", definedAt: at))
            try segments.save(SegmentRecord(name: "a", expression: "", definedBy: "ann", definedAt: at))
            try segments.save(SegmentRecord(name: "b", expression: "state = 'NH'", definedBy: "bob", definedAt: at))
        }
        #expect(try self.names(store).segments == ["a": "", "b": "state = 'NH'"])
        #expect(
            try store.access { connection throws(StoreError) in try SegmentStore(connection).all() }.map(\.name) == [
                "a", "b",
            ]
        )
    }

    @Test(
        "only plain names name a segment",
        arguments: [
            ("a", true), ("x-1_b", true), ("", false), ("A", false), ("1a", false), ("a'b", false), ("a b", false),
        ]
    )
    func grammar(name: String, isName: Bool) {
        #expect(SegmentRecord.isName(name) == isName)
    }
}
