import Domain
import Intake
import Testing

@testable import CoordinatorCore

@Suite("Columns that say no, and an import that says yes")
struct ImportConsentTests {
    @Test(
        "a no in the file is not overruled by the basis of the import",
        arguments: [
            ("consent", "false", "unsubscribed"), ("consent", "withdrawn", "unsubscribed"),
            ("newsletter", "no", "unsubscribed"), ("hs_email_optout", "true", "unsubscribed"),
            ("contact_status", "unsubscribed", "unsubscribed"), ("hardbounce", "1", "bounced"),
            ("is_deceased", "true", "asked"),
        ]
    )
    func notOverruled(header: String, cell: String, reason: String) async throws {
        let loop = try ImportLoopDouble()
        let answer = try await loop.importText("email,\(header)\na@x.org,\na2@x.org,\(cell)\n", basis: "consent")
        #expect(answer.created == 2)
        #expect(answer.optOuts == [ImportAnswer.OptOutUse(column: header, reason: reason, rows: 1)])
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE barred & 1 = 1 AND email = 'a2@x.org'") == 1)
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE barred & 1 = 1") == 1)
    }

    @Test("whoever is dead or has withdrawn their consent gets no text messages either")
    func texts() async throws {
        let loop = try ImportLoopDouble()
        let file =
            "email,phone,status,consent\na@x.org,5155550100,deceased,\n,5155550101,,withdrawn\n,5155550102,,yes\n"
        _ = try await loop.importText(file)
        #expect(try loop.integer("SELECT count(*) FROM suppression WHERE channel = 'sms'") == 2)
        #expect(try loop.integer("SELECT count(*) FROM suppression WHERE channel = 'email'") == 1)
    }

    @Test("what may be a no is counted as a warning that names the column, and suppresses nobody")
    func unclear() async throws {
        let loop = try ImportLoopDouble()
        let file = """
            email,marketing_consent,photo_consent,newsletter,consent_date
            a@x.org,pending,no,The Digest,2021-02-03
            b@x.org,yes,no,weekly,none
            c@x.org,maybe,yes,,

            """
        let answer = try await loop.importText(file, pieceBytes: 13)
        #expect(
            answer.unclear.map { "\($0.column) \($0.about) \($0.rows) \($0.examples)" } == [
                #"marketing_consent consent 2 ["pending", "maybe"]"#, #"photo_consent consent 2 ["no"]"#,
            ]
        )
        #expect(answer.warnings == 4)
        #expect(answer.firstWarnings.map { "\($0.line):\($0.column)" } == ["2:2", "2:3", "3:3", "4:2"])
        #expect(answer.optOuts.isEmpty)
        #expect(try loop.integer("SELECT count(*) FROM suppression") == 0)
        let map = try ColumnMap(layout: nil, json: #"{"opt_outs":"ignore"}"#)
        let request = ImportRequest(file: "people.csv", source: "fair", onConflict: .merge, map: map)
        #expect(try await loop.importBytes(Array(file.utf8), request).unclear.isEmpty)
    }

    @Test("the column 'consent' of this program's own export is no answer of a person")
    func ownExport() async throws {
        let loop = try ImportLoopDouble()
        let file =
            "contact,email,lists,sources,consent,created_at,updated_at\n"
            + "1,a@x.org,,fair,email: withdrawn,2026-01-01,2026-01-01\n2,b@x.org,,fair,no,2026-01-01,2026-01-01\n"
        let answer = try await loop.importText(file)
        #expect(answer.created == 2 && answer.unclear.isEmpty && answer.optOuts.isEmpty)
    }
}
