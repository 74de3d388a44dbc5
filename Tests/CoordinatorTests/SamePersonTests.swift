import Domain
import Intake
import Storage
import Testing

@testable import CoordinatorCore

/// Files made by hand in the layouts that others' programs export, each with the same invented person.
@Suite("One person in many exports")
struct SamePersonTests {
    static let florida = [
        "DAD", "101234567", "Lee", "", "Ann", "M", "N", "1 Palm St", "", "Miami", "FL", "33101", "", "", "", "", "",
        "", "", "F", "5", "01/31/1980", "02/01/2000", "NPA", "12", "0", "12.1", "", "ACT", "27", "112", "37", "7",
        "3", "515", "5550100", "", "ann@campaign.example",
    ].joined(separator: "\t")

    static let files: [(name: String, text: String)] = [
        (
            "nationbuilder",
            "nationbuilder_id,first_name,last_name,email,email_opt_in,phone_number,primary_city,primary_zip\n"
                + "4711,Ann,Lee,ann@campaign.example,true,515-555-0100,Ames,50010\n"
        ),
        (
            "eventbrite",
            "Order #,Order Date,First Name,Last Name,Email,Quantity,Ticket Type,Attendee #,Cell Phone,Home City\n"
                + "99001,2026-03-01,Ann,Lee,Ann@campaign.example,1,Free,123,+1 515 555 0100,Ames\n"
        ),
        (
            "mailchimp",
            "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,LEID,EUID,TAGS\n"
                + "ann@campaign.example,Ann,Lee,2,2026-01-02 03:04:05,192.0.2.1,1234,ab12,\"\"\"a\"\",\"\"b\"\"\"\n"
        ),
        (
            "action network",
            "email,first_name,last_name,zip_code,can2_phone,can2_state_abbreviated,can2_subscription_status\n"
                + "ann@campaign.example,Ann,Lee,50010,15155550100,IA,subscribed\n"
        ),
        ("brevo", "CONTACT ID;EMAIL;FIRSTNAME;LASTNAME;SMS\n12;ann@campaign.example;Ann;Lee;15155550100\n"),
        (
            "ngp van",
            "VANID\tLastName\tFirstName\tCity\tState\tZip5\tCellPhone\n100200\tLee\tAnn\tAmes\tIA\t50010\t(515) 555-0100\n"
        ),
        (
            "google contacts",
            "First Name,Middle Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value\n"
                + "Ann,,Lee,* myContacts,* Home,ann@campaign.example ::: ann@work.example,Mobile,+1 515-555-0100\n"
        ),
        ("florida", Self.florida + "\n"),
    ]

    @Test("whichever comes first, all of them are one contact with as many sources", arguments: Self.files.indices)
    func layouts(first: Int) async throws {
        let loop = try ImportLoopDouble()
        let order = Self.files[first...] + Self.files[..<first]
        for (index, file) in order.enumerated() {
            let answer = try await loop.importText(file.text, source: file.name)
            #expect(answer.created == (index == 0 ? 1 : 0), "\(file.name)")
            #expect(answer.rejected == 0, "\(file.name)")
        }
        let records = try loop.records()
        #expect(records.count == 1)
        #expect(records.first?.sources.map(\.note.name) == order.map(\.name))
        let before = try loop.export()
        for file in order {
            let again = try await loop.importText(file.text, source: file.name, onConflict: .keep)
            #expect(again.created == 0)
        }
        #expect(try loop.export() == before)
    }

    /// A voter of Florida's layout.
    private static func voter(_ number: String, _ name: String, email: String = "") -> String {
        var cells = Self.florida.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        (cells[1], cells[4], cells[37]) = (number, name, email)
        return cells.joined(separator: "\t") + "\n"
    }

    static let households: [(first: String, second: String, names: [String])] = [
        (
            "VANID,First Name,Phone\n900,Ann,515-555-0222\n901,Bob,5155550222\n902,Cid,(515) 555-0222\n",
            "VANID,First Name,Phone\n903,Dan,515-555-0222\n901,Rob,515-555-0222\n", ["Ann", "Rob", "Cid", "Dan"]
        ),
        // Somebody with an address, and two who live there.
        (
            Self.voter("109999999", "Zoe", email: "zoe@x.org"),
            Self.voter("109999997", "Ann") + Self.voter("109999998", "Bob"), ["Zoe", "Ann", "Bob"]
        ),
        // Those who come with an address have ids as well.
        (
            Self.voter("109999997", "Ann") + Self.voter("109999998", "Bob"),
            Self.voter("109999999", "Zoe", email: "zoe@x.org") + Self.voter("109999998", "Rob", email: "rob@x.org"),
            ["Ann", "Rob", "Zoe"]
        ),
        // Who is known by the number alone gets the first id that comes with it, and no second.
        ("Phone,First Name\n5155550222,Ann\n", "VANID,Phone\n900,515-555-0222\n901,515-555-0222\n", ["Ann", ""]),
        // The contact keeps the id of another system, and is known by one of this.
        (
            "voter_id,Phone,First Name\n7,5155550222,Ann\n",
            "VANID,Phone,First Name\n900,5155550222,Ann\n901,5155550222,Bob\n", ["Ann", "Bob"]
        ),
        // Without an id a row is whoever has the number.
        ("VANID,Phone,First Name\n900,5155550222,Ann\n", "Phone,First Name\n515 555 0222,Anna\n", ["Anna"]),
    ]

    @Test("people of one household with ids of one system are as many people", arguments: Self.households.indices)
    func household(index: Int) async throws {
        let (first, second, names) = Self.households[index]
        let loop = try ImportLoopDouble()
        _ = try await loop.importText(first)
        let before = try loop.export()
        let request = ImportRequest(file: "b.csv", source: "other", basis: "consent", onConflict: .merge)
        let trial = try await loop.rehearse(Array(second.utf8), request)
        let done = try await loop.importText(second, source: "other")
        #expect([trial.created, trial.updated] == [done.created, done.updated])
        #expect(done.created + done.updated + done.unchanged == done.rows)
        let column = try loop.column("first_name")
        #expect(try loop.records().map { $0.values[column] ?? "" } == names)
        let after = try loop.export()
        for text in [second, second] {
            let again = try await loop.importText(text, source: "other")
            #expect(again.unchanged == again.rows)
        }
        #expect(try loop.export() == after)
        for id in [4, 3, 2] as [Int64] { try await loop.service.undo(id, by: "ann") }
        #expect(try loop.export() == before)
    }

    @Test(
        "an export comes back as it went: whoever's ids, numbers and households are in it, all is unchanged",
        arguments: [true, false]
    )
    func ownExport(asCSV: Bool) async throws {
        let loop = try ImportLoopDouble()
        for file in Self.files { _ = try await loop.importText(file.text, source: file.name) }
        for household in Self.households {
            for text in [household.first, household.second] { _ = try await loop.importText(text) }
        }
        var cells = [String](repeating: "", count: 47)
        (cells[0], cells[19], cells[45]) = ("LEE", "19800131", "NY000000000012345678")
        _ = try await loop.importText(cells.map { "\"\($0)\"" }.joined(separator: ",") + "\n")
        let others = """
            email,phone,id,mobile,given name,gift,note,is_member,email_opt_in,phone_area_code
            a@x.org,+15155550133,7,5550144,Ann,1.50,"=1+1, ""and"" so
            on",yes,,515
            "quoted me"@x.org,,8,,,,'=x,no,,
            ,5550155,,,,,+5,,,
            """
        _ = try await loop.importText(others)
        let before = try loop.records().map { $0.values + [$0.idSystem] }
        let contacts = before.count
        for policy in ConflictRule.allCases {
            let export = Array(try loop.export(asCSV: asCSV).utf8)
            let request = ImportRequest(file: "e", source: "fair", onConflict: policy)
            let trial = try await loop.rehearse(export, request)
            #expect([trial.rows, trial.unchanged, trial.rejected] == [contacts, contacts, 0], "\(policy) \(trial)")
            let done = try await loop.importBytes(export, request)
            #expect([done.rows, done.unchanged] == [contacts, contacts], "\(policy)")
            #expect(done.warnings == 0, "\(done.firstWarnings)")
        }
        // What the user says goes before what the file says.
        let named = ImportRequest(file: "e", source: "s", onConflict: .merge, map: ColumnMap(idSystem: "fair"))
        let other = try await loop.rehearse(Array(try loop.export(asCSV: asCSV).utf8), named)
        #expect(other.created > 0)
        #expect(try loop.records().map { $0.values + [$0.idSystem] } == before)
    }

    @Test("New York's voters, who have no addresses, are known again by their number")
    func newYork() async throws {
        let loop = try ImportLoopDouble()
        var cells = [String](repeating: "", count: 47)
        (cells[0], cells[1], cells[12], cells[13], cells[19]) = ("LEE", "ANN", "ALBANY", "12207", "19800131")
        (cells[21], cells[45], cells[46]) = ("DEM", "NY000000000012345678", "20241105 GE;20221108 GE")
        let text = cells.map { "\"\($0)\"" }.joined(separator: ",") + "\n"
        #expect(try await loop.importText(text).created == 1)
        #expect(try await loop.importText(text).unchanged == 1)
    }

    @Test(
        "a file with several rows of one person changes nothing when it comes again",
        arguments: [ConflictRule.merge, .replace]
    )
    func repeated(policy: ConflictRule) async throws {
        let loop = try ImportLoopDouble()
        var text = "email,city,note,external_id\nann@x.org,Ames,,1\nANN@x.org,Adel,x,2\nann@x.org,,y,\n"
        for index in 0..<1_200 { text += "many@x.org,City \(index % 7),\(index),\n" }
        let first = try await loop.importText(text, onConflict: policy)
        #expect(first.created == 2 && first.rows == 1_203)
        let before = try loop.export()
        let second = try await loop.importText(text, onConflict: policy)
        #expect(second.unchanged == 1_203)
        #expect(try loop.export() == before)
        let cities = try loop.records().map { $0.values.contains("Adel") }
        #expect(cities.first == (policy == .merge))
    }

    @Test("an address that an import changes is barred by what is known of it, and takes its owner's wish along")
    func suppressed() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("external_id,email\n7,a@x.org\n8,c@x.org\n9,e@x.org\n")
        try loop.suppress("b@x.org", .bounced)
        try loop.suppress("c@x.org", .unsubscribed)
        try loop.suppress("e@x.org", .bounced)
        let moves = "external_id,email\n7,b@x.org\n8,d@x.org\n9,f@x.org\n"
        #expect(try await loop.importText(moves, source: "new addresses").updated == 3)
        func barred() throws -> [Int] {
            try (1...3).map { try loop.integer("SELECT barred FROM contact WHERE id = \($0)") }
        }
        #expect(try barred() == [1, 1, 0])
        try await loop.service.undo(2, by: "ann")
        #expect(try barred() == [0, 1, 1])
        // Who asked for it stays out under the other address as well.
        #expect(try await loop.importText("email\nd@x.org\n").created == 1)
        #expect(try loop.integer("SELECT barred FROM contact WHERE email = 'd@x.org'") == 1)
    }
}
