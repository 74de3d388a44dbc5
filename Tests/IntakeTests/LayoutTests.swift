import Domain
import Testing

@testable import Intake

/// Files by hand in the layouts that others' programs export; the people are invented.
enum Exports {
    /// The same person in each.
    static let all: [(name: String, text: String, phone: Bool, idSystem: String?)] = [
        (
            "NationBuilder",
            "nationbuilder_id,first_name,last_name,email,email_opt_in,phone_number,primary_city,primary_state,primary_zip\n"
                + "4711,Ann,Lee,ann@campaign.example,true,515-555-0100,Ames,IA,50010\n",
            true, "nationbuilder"
        ),
        (
            "Eventbrite",
            "Order #,Order Date,First Name,Last Name,Email,Quantity,Ticket Type,Attendee #,Cell Phone,Home City,Home Zip\n"
                + "99001,2026-03-01,Ann,Lee,ann@campaign.example,1,Free,123,+1 515 555 0100,Ames,50010\n",
            true, nil
        ),
        (
            "Mailchimp",
            "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,LEID,EUID,TAGS\n"
                + "ann@campaign.example,Ann,Lee,2,2026-01-02 03:04:05,192.0.2.1,,1234,ab12,\"\"\"a\"\",\"\"b\"\"\"\n",
            false, nil
        ),
        (
            "Action Network",
            "email,first_name,last_name,zip_code,can2_phone,can2_state_abbreviated,can2_subscription_status,uuid\n"
                + "ann@campaign.example,Ann,Lee,50010,15155550100,IA,subscribed,1f-2e\n",
            true, ""
        ),
        (
            "Brevo",
            "CONTACT ID;EMAIL;FIRSTNAME;LASTNAME;SMS;EXT_ID\n12;ann@campaign.example;Ann;Lee;15155550100;A-9\n",
            true, ""
        ),
        (
            "NGP VAN",
            "VANID\tLastName\tFirstName\tCity\tState\tZip5\tPreferredEmail\tCellPhone\n"
                + "100200\tLee\tAnn\tAmes\tIA\t50010\tann@campaign.example\t(515) 555-0100\n",
            true, "van"
        ),
        (
            "Google Contacts",
            "First Name,Middle Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,"
                + "Address 1 - City,Address 1 - Region,Address 1 - Postal Code\n"
                + "Ann,,Lee,* myContacts,* Home,ann@campaign.example ::: ann@work.example,Mobile,+1 515-555-0100 ::: 5,Ames,IA,50010\n",
            true, nil
        ),
        (
            "Google Contacts, old",
            "Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value\n"
                + "Ann Lee,Ann,Lee,* My Contacts,*,ann@campaign.example,Mobile,+1 515-555-0100\n",
            true, nil
        ),
    ]
}

@Suite("Exports that people have")
struct LayoutTests {
    @Test("address, names and telephone are found without a map", arguments: Exports.all.indices)
    func exports(index: Int) throws {
        let export = Exports.all[index]
        let whole = try WholeContacts(Array(export.text.utf8))
        #expect(whole.rejects.isEmpty, "\(export.name): \(whole.rejects)")
        #expect(whole.contacts.map { $0[1] } == ["ann@campaign.example"], "\(export.name)")
        let values = whole.values(0)
        #expect(values["first_name"] == "Ann" && values["last_name"] == "Lee", "\(export.name): \(values)")
        let digits = values["phone"]?.filter(\.isNumber).suffix(10)
        #expect(export.phone ? digits == "5155550100" : digits == nil, "\(export.name): \(values)")
        #expect(values["external_id"] != nil ? whole.mapping?.idSystem == export.idSystem : export.idSystem == nil)
        if let zip = values["zip"] { #expect(zip == "50010") }
    }

    static let florida = [
        "DAD", "101234567", "Lee", "", "Ann", "M", "N", "1 Palm St", "", "Miami", "FL", "33101", "", "", "", "", "",
        "", "", "F", "5", "01/31/1980", "02/01/2000", "NPA", "12", "0", "12.1", "", "ACT", "27", "112", "37", "7",
        "3", "305", "5550100", "", "ann@campaign.example",
    ].joined(separator: "\t")

    @Test("Florida's voter file is told by its first row, which is no header")
    func florida() throws {
        let without = Self.florida.replacing("ann@campaign.example", with: "").replacing("305\t5550100", with: "\t")
        let text = Self.florida + "\r\n" + without.replacing("101234567", with: "101234568") + "\r\n"
        for map in [ColumnMap(), ColumnMap(try #require(Layout.named("florida")))] {
            let whole = try WholeContacts(Array(text.utf8), map: map)
            #expect(whole.rejects.isEmpty, "\(whole.rejects)")
            #expect(whole.contacts.map { $0[2] } == ["ann@campaign.example", "id:florida:101234568"])
            #expect(whole.contacts.map { $0[0] } == ["1", "2"])
            #expect(whole.values(0)["phone"] == "3055550100")
            #expect(whole.values(0)["last_name"] == "Lee" && whole.values(0)["party"] == "NPA")
            #expect(whole.mapping?.idSystem == "florida")
            #expect(
                whole.values(0)["birth_date"] == "1980-01-31" && whole.values(0)["registration_date"] == "2000-02-01"
            )
            #expect(Self.days(whole) == ["birth_date", "registration_date"])
        }
    }

    static let newYork: String = {
        var cells = [String](repeating: "", count: 47)
        (cells[0], cells[1], cells[12], cells[13], cells[19]) = ("LEE", "ANN", "ALBANY", "12207", "19800131")
        (cells[21], cells[45], cells[46]) = ("DEM", "NY000000000012345678", "20241105 GE;20221108 GE")
        return cells.map { "\"\($0)\"" }.joined(separator: ",")
    }()

    @Test("New York's voter file, which has no addresses but those of houses, gives contacts by its numbers")
    func newYork() throws {
        for map in [ColumnMap(), ColumnMap(try #require(Layout.named("new_york")))] {
            let whole = try WholeContacts(Array((Self.newYork + "\n").utf8), map: map)
            #expect(whole.rejects.isEmpty, "\(whole.rejects)")
            #expect(whole.contacts.map { $0[2] } == ["id:new_york:NY000000000012345678"])
            #expect(whole.values(0)["city"] == "ALBANY" && whole.values(0)["zip"] == "12207")
            #expect(whole.values(0)["birth_date"] == "1980-01-31")
            #expect(Self.days(whole).contains("registration_date"))
        }
    }

    private static func days(_ whole: WholeContacts) -> [String] {
        whole.fields.filter { $0.type == .date }.map(\.name)
    }

    @Test("an export of NGP VAN has the month first where no day tells; others leave such a column as it is")
    func ambiguousDays() throws {
        let van = try WholeContacts(Array("VANID,DOB,Phone\n7,2/3/1980,5155550100\n".utf8))
        #expect(van.values(0)["dob"] == "1980-02-03" && Self.days(van) == ["dob"])
        let other = try WholeContacts(Array("id,DOB,Phone\n7,2/3/1980,5155550100\n".utf8))
        #expect(other.values(0)["dob"] == "2/3/1980" && Self.days(other).isEmpty)
        var map = ColumnMap(types: ["dob": .date])
        let asked = try WholeContacts(Array("id,DOB,Phone\n7,2/3/1980,5155550100\n".utf8), map: map)
        #expect(asked.values(0)["dob"] == "")
        #expect(asked.warnings.map(\.message).first?.contains("may be two days") == true)
        map.dayOrders["dob"] = .dayFirst
        let said = try WholeContacts(Array("id,DOB,Phone\n7,2/3/1980,5155550100\n".utf8), map: map)
        #expect(said.values(0)["dob"] == "1980-03-02" && said.warnings.isEmpty)
    }

    @Test(
        "days come in the form that their field has since its first import",
        arguments: [
            (FieldType.date, "1980-01-31", "1980-01-31"), (.integer, "19800131", "19800131"),
            (.text, "01/31/1980", "19800131"),
        ]
    )
    func settled(type: FieldType, florida: String, newYork: String) throws {
        let known = [Field(name: "birth_date", type: type)]
        let first = try WholeContacts(Array((Self.florida + "\n").utf8), knownFields: known)
        #expect(first.values(0)["birth_date"] == florida)
        let second = try WholeContacts(Array((Self.newYork + "\n").utf8), knownFields: known)
        #expect(second.values(0)["birth_date"] == newYork)
        #expect(first.warnings.isEmpty && second.warnings.isEmpty)
        #expect(first.columnWarnings.count == (type == .date ? 0 : 1))
        // A column that is a date and looks like none: the file itself tells its order.
        let others = "email,birth_date\na@x.org,1/31/1980\nb@x.org,2/3/1980\n"
        let third = try WholeContacts(Array(others.utf8), knownFields: [Field(name: "birth_date", type: .date)])
        #expect(third.values(1)["birth_date"] == "1980-02-03")
    }

    @Test(
        "a telephone number gets the beginning that stands before it only when it lacks that",
        arguments: [
            ("515", "555-0777", "5155550777"), ("515", "515-555-0777", "5155550777"),
            ("515", "(515) 555-0778", "5155550778"),
            ("515", "+1 515 555-0779", "+15155550779"), ("", "555-0779", "5550779"), ("515", "", ""),
            ("(515)", "515-0777", "5155150777"), ("020", "7946 0958", "02079460958"), ("030", "03012345", "03012345"),
            ("515", "555-0777 ::: 515-555-0788", "5155550777"), ("n/a", "555-0777", "5550777"),
            ("515", "1-515-555-0777", "15155550777"), ("abc1", "5550777", "5550777"),
        ]
    )
    func areaCodes(code: String, number: String, phone: String) throws {
        for header in ["email,phone_area_code,phone", "email,Phone Area Code,Phone Number"] {
            let whole = try WholeContacts(Array("\(header)\na@x.org,\(code),\(number)\n".utf8))
            #expect(whole.values(0)["phone"] == phone)
            #expect(whole.warnings.isEmpty)
        }
        let text = "contact,email,phone,phone_area_code,id_system,lists,sources,consent,created_at,updated_at\n"
        let export = try WholeContacts(Array("\(text)1,a@x.org,5550777,515,,,,,,\n".utf8))
        #expect(export.values(0)["phone"] == "5550777")
    }

    @Test("rejected rows of a layout come again as rows of it")
    func rejectedRows() throws {
        let columns = try #require(Layout.named("florida")).columns.joined(separator: ",")
        let voter = Self.florida.replacing("\t", with: ",").replacing("ann@campaign.example", with: "")
        let text = "line,column,reason,\(columns)\n7,38,no address,\(voter)\n"
        let whole = try WholeContacts(Array(text.utf8))
        #expect(whole.rejects.isEmpty && whole.mapping?.idSystem == "florida")
        #expect(whole.values(0)["birth_date"] == "1980-01-31" && whole.values(0)["phone"] == "3055550100")
    }

    @Test("a row of an export that says nonsense of its id is rejected; an export of before is read too")
    func exports() throws {
        let last = "lists,sources,consent,created_at,updated_at"
        let text = "contact,email,external_id,id_system,\(last)\n1,,7,van,,,,,\n2,,7,Van!,,,,,\n3,c@x.org,8,,,,,,\n"
        let whole = try WholeContacts(Array(text.utf8))
        #expect(whole.contacts.map { $0[2] } == ["id:van:7", "c@x.org"])
        #expect(whole.rejects.map(\.column) == [4])
        let before = try WholeContacts(Array("contact,email,external_id,\(last)\n1,,7,,,,,\n".utf8))
        #expect(before.contacts.map { $0[2] } == ["id::7"])
        let lines =
            ##"{"consent":{},"contact":1,"created_at":"","fields":{"a":"1","email":"a@x.org"},"lists":[],"##
            + ##""sources":[{"at":"","channels":["email"],"file":"}"}],"updated_at":""}"##
        #expect(try WholeContacts(Array(lines.utf8)).values(0) == ["a": "1"])
    }

    @Test("tabs, pipes and semicolons with a header need nothing said", arguments: ["\t", "|", ";"])
    func separators(separator: String) throws {
        let text = "Voter ID,Email,City\n7,ann@campaign.example,Ames\n".replacing(",", with: separator)
        let whole = try WholeContacts(Array(text.utf8))
        #expect(whole.values(0) == ["external_id": "7", "city": "Ames"])
        #expect(whole.mapping?.idSystem == "voter")
    }
}
