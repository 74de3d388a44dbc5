import Domain
import Testing

@testable import Intake

@Suite("Headers")
struct HeaderMappingTests {
    @Test(
        "a header's text becomes a field name in lower snake case",
        arguments: [
            ("First Name", "first_name"), ("first_name", "first_name"), ("firstName", "first_name"),
            ("FirstName", "first_name"),
            ("ZIP", "zip"), ("  E-mail 1 - Value ", "e_mail_1_value"), ("Prénom", "prenom"), ("Straße", "strasse"),
            ("Łódź Œuvre Ŋ", "lodz_oeuvre_n"), ("Voter's choice", "voters_choice"), ("2024 gift", "field_2024_gift"),
            ("donated ($)", "donated"), ("__x__", "x"), ("例え", ""), ("!!!", ""), ("in", "field_in"),
            ("NOT", "field_not"),
        ]
    )
    func names(header: String, name: String) {
        #expect(HeaderName.snakeCase(header) == name)
    }

    private func columns(_ headers: [String], names: [String: String] = [:]) throws -> [HeaderMapping.Column] {
        try HeaderMapping.make(headers: headers, map: ColumnMap(names: names)).get().columns
    }

    private func problems(_ headers: [String], names: [String: String] = [:]) -> [Diagnostic] {
        guard case .failure(let failure) = HeaderMapping.make(headers: headers, map: ColumnMap(names: names)) else {
            return []
        }
        return failure.diagnostics
    }

    @Test(
        "the address is found under the names that other programs give it",
        arguments: [
            "email", "Email", "e-mail", "E-Mail Address", "email_address", "EmailAddress", "Mail", "E-mail 1 - Value",
        ]
    )
    func email(header: String) throws {
        #expect(try self.columns(["Name", header]) == [.field("name"), .email])
    }

    @Test("built-in fields are found by their synonyms, the surest one each")
    func synonyms() throws {
        let headers = ["Voter ID", "Mobile Phone", "E-mail 2", "Email", "Lang", "Time Zone", "id", "Email Address"]
        #expect(
            try self.columns(headers) == [
                .field("voter_id"), .field("phone"), .field("e_mail_2"), .email, .field("language"), .field("timezone"),
                .field("external_id"), .field("email_address"),
            ]
        )
    }

    @Test("of a table of orders people are those who come, with their names; where only who paid has an address, they")
    func orders() throws {
        #expect(
            try self.columns([
                "Buyer first name", "Buyer email", "Attendee first name", "Attendee Surname", "Attendee email",
            ]) == [
                .field("buyer_first_name"), .field("buyer_email"), .field("first_name"), .field("last_name"), .email,
            ]
        )
        #expect(
            try self.columns(["Buyer first name", "Buyer last name", "Buyer email", "Attendee first name"])
                == [.field("first_name"), .field("last_name"), .email, .field("attendee_first_name")]
        )
        #expect(
            try self.columns(["Email", "First Name", "Attendee first name"])
                == [.email, .field("first_name"), .field("attendee_first_name")]
        )
    }

    @Test("a file of ids without addresses is told what takes it", arguments: ["nationbuilder_id", "VANID", "name"])
    func onlyIDs(header: String) throws {
        let problem = try #require(self.problems([header, "city"]).first)
        #expect(problem.message.contains("there is no address column"))
        #expect(problem.message.contains("'\(header)' is an id: with `without_address: keep`") == (header != "name"))
        let map = ColumnMap(keepsWithoutAddress: true)
        #expect((try? HeaderMapping.make(headers: [header, "city"], map: map).get()) != nil || header == "name")
    }

    @Test("what the user says about columns goes first")
    func givenNames() throws {
        #expect(
            try self.columns(
                ["email", "Contact", "X"],
                names: ["Contact": "email", "X": "shirt", "email": "other_email"]
            )
                == [.field("other_email"), .email, .field("shirt")]
        )
        let wrong = self.problems(["email"], names: ["Mail": "email", "email": "E Mail"])
        #expect(wrong.contains { $0.message.contains("'Mail'") })
        #expect(wrong.contains { $0.message.contains("'E Mail' is no field name") })
    }

    @Test("a type for a field that no column becomes is refused, with the nearest that one does")
    func strangeTypes() throws {
        let headers = ["Email", "Shoe Size"]
        #expect(throws: Never.self) {
            try HeaderMapping.make(headers: headers, map: ColumnMap(types: ["shoe_size": .text])).get()
        }
        let wrong = HeaderMapping.make(headers: headers, map: ColumnMap(types: ["shoe_sise": .text]))
        let problem = #expect(throws: Diagnostics.self) { try wrong.get() }
        #expect(problem?.diagnostics.first?.message.contains("did you mean 'shoe_size'?") == true)
    }

    @Test("duplicate and missing names are refused, with their columns")
    func duplicates() {
        let problems = self.problems(["email", "First Name", "", "first-name", "x"])
        // The name of column 4 is numbered, and that is no error.
        #expect(problems.map(\.column) == [3, 4])
        #expect(problems.first?.message == "column 3 has no name; give it one in the first line")
        #expect(problems.last?.severity == .warning)
        let twice = self.problems(["E-Mail", "phone", "email", "Phone"])
        #expect(twice.map(\.column) == [4])
        #expect(twice.last?.message.contains("columns 2 ('phone') and 4 ('Phone')") == true)
    }

    @Test("columns without a name at the end are passed over with a warning")
    func trailing() throws {
        let mapping = try HeaderMapping.make(headers: ["email", "x", "", ""]).get()
        #expect(mapping.columns == [.email, .field("x"), .ignored, .ignored])
        #expect(mapping.warnings.map(\.column) == [3, 4])
    }

    @Test("names that cannot be written, or are too long, are changed with a warning")
    func changed() throws {
        let long = String(repeating: "a", count: 70)
        let mapping = try HeaderMapping.make(headers: ["email", "例え", long]).get()
        #expect(mapping.columns == [.email, .field("field_2"), .field(String(repeating: "a", count: 60))])
        #expect(mapping.warnings.map(\.column) == [2, 3])
        let both = try HeaderMapping.make(headers: ["email", long + "x", long + "y"]).get()
        #expect(both.columns.last == .field(String(repeating: "a", count: 56) + "_2"))
        #expect(both.warnings.count == 3)
    }

    @Test("without an address column the names that were seen are listed")
    func noAddress() {
        let problems = self.problems(["First Name", "City"])
        #expect(problems.count == 1)
        #expect(problems.first?.message.contains("the first line has 'First Name', 'City'") == true)
        #expect(self.problems((0..<2_000).map { "c\($0)" }).first.map { $0.message.count < 500 } == true)
    }
}
