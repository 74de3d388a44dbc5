import Domain
import Engine
import Intake
import Storage
import StorageSQLite
import Testing

@testable import CoordinatorCore

@Suite("Fields that nobody has a value of")
struct OpenFieldTests {
    private static let empty = "email,first_name,x,y\ne1@x.org,Ann,,\n"

    /// How many contacts fit a condition; `nil` when it is refused.
    private func count(_ text: String, _ loop: ImportLoopDouble) throws -> Int? {
        let fields = try loop.database.access { connection throws(StoreError) in try FieldStore(connection).all() }
        guard let expression = try? ExpressionParser.parse(text, fields: fields).get() else { return nil }
        let segment = SegmentSQL(expression, firstParameter: 1)
        return try loop.database.access { connection throws(StoreError) in
            let row = try connection.prepare("SELECT count(*) FROM contact c WHERE \(segment.condition)")
            defer { row.reset() }
            for (index, value) in segment.bindings.enumerated() { row.bind(index + 1, value) }
            return try row.step() ? Int(row.integer(0)) : -1
        }
    }

    private func type(_ name: String, _ loop: ImportLoopDouble) throws -> String {
        let field = try loop.database.access { connection throws(StoreError) in
            try FieldStore(connection).field(named: name)
        }
        return field.map { $0.isOpen ? "open" : $0.type.rawValue } ?? "none"
    }

    @Test(
        "the first import that has values settles the type, also when the one before had the column empty; undo opens it again",
        arguments: [
            ("1990-01-02", "1980-01-02", "date", "x > '1985-01-01'", 1), ("5", "50", "integer", "x > 10", 1),
            ("5", "50", "integer", "x > 3", 2), ("-5", "50", "integer", "x between -6 and 9", 1),
            ("1.50", "12", "decimal", "x < 9.5", 1), ("yes", "no", "boolean", "not x", 1),
            ("yes", "no", "boolean", "x", 1), ("Ames", "9", "text", "x > '8'", 2),
        ]
    )
    func settles(first: String, second: String, type: String, condition: String, count: Int) async throws {
        let loop = try ImportLoopDouble()
        let empty = try await loop.importText(Self.empty)
        #expect(empty.fields.map(\.isOpen) == [false, false, true, true])
        let before = try loop.export()
        #expect(try self.type("x", loop) == "open")
        #expect(try self.count(condition, loop) == nil)
        #expect(try self.count("x is empty and not x is not empty", loop) == 1)
        let text = "email,x,y\ne1@x.org,\(first),\ne2@x.org,\(second),\n"
        let request = ImportRequest(file: "b", source: "b", onConflict: .merge)
        let trial = try await loop.rehearse(Array(text.utf8), request)
        #expect(trial.fields.map(\.type) == ["text", type, "text"])
        #expect(trial.fields.map(\.isOpen) == [false, false, true])
        #expect(trial.dryRun?.changed.map(\.field) == ["x"])
        #expect(try self.type("x", loop) == "open")
        let done = try await loop.importBytes(Array(text.utf8), request)
        #expect(done.created == 1 && done.updated == 1 && done.fields.map(\.type) == trial.fields.map(\.type))
        #expect(try self.type("x", loop) == type)
        #expect(try self.count(condition, loop) == count)
        #expect(try await loop.importBytes(Array(text.utf8), request).unchanged == 2)
        let export = Array(try loop.export(asCSV: true).utf8)
        #expect(try await loop.rehearse(export, request).unchanged == 2)
        try await loop.service.undo(3, by: "ann")
        try await loop.service.undo(2, by: "ann")
        #expect(try loop.export() == before)
        #expect(try self.type("x", loop) == "open")
        // Any other type may come then.
        _ = try await loop.importText("email,x\ne1@x.org,2.5\n", source: "c")
        #expect(try self.count("x > 2.4", loop) == 1)
        try await loop.service.undo(4, by: "ann")
        _ = try await loop.importText("email,x\ne1@x.org,word\n", source: "d")
        #expect(try self.count("x = 'word'", loop) == 1)
        try await loop.service.undo(5, by: "ann")
        #expect(try loop.export() == before)
        try await loop.service.undo(1, by: "ann")
        #expect(try self.type("x", loop) == "none")
        _ = try await loop.importText("email,x\ne1@x.org,2.5\n", source: "e")
        #expect(try self.count("x > 2.4", loop) == 1)
    }

    @Test("a column with a type that the user says is settled, with values or without", arguments: [true, false])
    func said(wasOpen: Bool) async throws {
        let loop = try ImportLoopDouble()
        if wasOpen { _ = try await loop.importText(Self.empty) }
        let map = ColumnMap(types: ["x": .integer])
        let request = ImportRequest(file: "b", source: "b", onConflict: .merge, map: map)
        let done = try await loop.importBytes(Array(Self.empty.utf8), request)
        #expect(done.fields.map(\.isOpen) == [false, false, false, true])
        #expect(try self.type("x", loop) == "integer")
        #expect(try self.count("x > 3", loop) == 0)
    }

    @Test("values behind the rows by which types are told make the field text, and are there")
    func late() async throws {
        let loop = try ImportLoopDouble()
        var text = "email,x\n"
        for row in 0..<TypeInference.rowsMax { text += "p\(row)@x.org,\n" }
        let done = try await loop.importText(text + "last@x.org,7\n", pieceBytes: 1 << 16)
        #expect(done.warnings == 0 && done.fields.map(\.isOpen) == [false, false])
        #expect(try self.type("x", loop) == "text")
        #expect(try self.count("x = '7'", loop) == 1)
        try await loop.service.undo(1, by: "ann")
        #expect(try self.type("x", loop) == "none")
    }

    @Test("what was prepared while a field was open prints what comes later as people read it")
    func printed() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(Self.empty)
        let printed = Field(name: "x", type: .text, isOpen: true).printedExpression(in: "c")
        func value() throws -> String? {
            try loop.database.access { connection throws(StoreError) in
                let row = try connection.prepare("SELECT \(printed) FROM contact c WHERE c.id = 1")
                defer { row.reset() }
                return try row.step() ? row.optionalText(0) : "?"
            }
        }
        #expect(try value() == nil)
        for (text, shown) in [("no", "false"), ("yes", "true"), ("5", "5"), ("1.50", "1.50")] {
            let id = try await loop.importText("email,x\ne1@x.org,\(text)\n", source: "b").id ?? ""
            #expect(try value() == shown)
            try await loop.service.undo(ImportService.number(id) ?? 0, by: "ann")
        }
    }
}
