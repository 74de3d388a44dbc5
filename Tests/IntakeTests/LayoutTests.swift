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
        }
    }

    @Test("tabs, pipes and semicolons with a header need nothing said", arguments: ["\t", "|", ";"])
    func separators(separator: String) throws {
        let text = "Voter ID,Email,City\n7,ann@campaign.example,Ames\n".replacing(",", with: separator)
        let whole = try WholeContacts(Array(text.utf8))
        #expect(whole.values(0) == ["external_id": "7", "city": "Ames"])
        #expect(whole.mapping?.idSystem == "voter")
    }
}
