import Domain
import Intake
import Storage
import StorageSQLite
import Testing

@testable import CoordinatorCore

/// The first line of each file has somebody who may be written to, the others have not; the people are invented.
@Suite("People whose exports say that they must not be written to")
struct ImportOptOutTests {
    static let exports: [(name: String, text: String, reasons: [String])] = [
        (
            "NationBuilder",
            "nationbuilder_id,email,email_opt_in,do_not_contact,email1_is_bad\n1,a@x.org,true,false,false\n"
                + "2,b@x.org,false,false,false\n3,c@x.org,true,true,false\n4,d@x.org,true,,true\n5,e@x.org,,TRUE,true\n",
            ["unsubscribed", "asked", "bounced", "asked"]
        ),
        (
            "NationBuilder with several addresses",
            "nationbuilder_id,email,email1,email1_is_bad,email2,email2_is_bad\n"
                + "1,a@x.org,old@x.org,true,a@x.org,false\n2,b@x.org,B@x.org,true,,\n3,c@x.org,,,C@x.org,true\n",
            ["bounced", "bounced"]
        ),
        (
            "Action Network",
            "email,can2_phone,can2_subscription_status\na@x.org,,subscribed\nb@x.org,,unsubscribed\nc@x.org,,bouncing\n"
                + "d@x.org,,Spam Complaint\n",
            ["unsubscribed", "bounced", "complained"]
        ),
        (
            "Mailchimp",
            "Email Address,First Name,OPTIN_TIME,UNSUB_TIME,UNSUB_REASON,CLEAN_TIME\n"
                + "a@x.org,A,2020-01-01 00:00:00,,,\nb@x.org,B,,2021-02-03 04:05:06,N/A,\nc@x.org,C,,,,2021-01-01 00:00:00\n",
            ["unsubscribed", "bounced"]
        ),
        ("Brevo", "CONTACT ID;EMAIL;EMAIL_BLACKLISTED\n1;a@x.org;No\n2;b@x.org;Yes\n", ["unsubscribed"]),
        (
            "NGP VAN",
            "VANID\tPreferredEmail\tDoNotEmail\tEmailSubscriptionStatus\n1\ta@x.org\t0\tSubscribed\n"
                + "2\tb@x.org\t1\tSubscribed\n3\tc@x.org\t\tUnsubscribed\n",
            ["asked", "unsubscribed"]
        ),
        (
            "Eventbrite", "Order #,Email,Marketing Opt-In\n1,a@x.org,Yes\n2,b@x.org,No\n3,c@x.org,\n",
            ["unsubscribed", ""]
        ),
        (
            "Google Contacts",
            "First Name,Labels,E-mail 1 - Value\nA,* myContacts ::: Friends,a@x.org\nB,* myContacts ::: Do not contact,b@x.org\n",
            ["asked"]
        ),
    ]

    private func reasons(_ loop: ImportLoopDouble) throws -> [String] {
        try loop.database.access { connection throws(StoreError) in
            let row = try connection.prepare(
                """
                SELECT coalesce(s.reason, ''), c.barred & 1 FROM contact c
                LEFT JOIN suppression s ON s.contact = c.id AND s.channel = 'email' ORDER BY c.email
                """
            )
            defer { row.reset() }
            var reasons: [String] = []
            while try row.step() {
                let reason = row.text(0)
                reasons.append(reason.isEmpty == (row.integer(1) == 0) ? reason : "the bar and the list differ")
            }
            return reasons
        }
    }

    @Test("they are contacts and suppressed, and are counted by column, dry or not", arguments: Self.exports.indices)
    func suppressed(index: Int) async throws {
        let export = Self.exports[index]
        let loop = try ImportLoopDouble()
        let request = ImportRequest(file: "people.csv", source: "fair", onConflict: .merge)
        let trial = try await loop.rehearse(Array(export.text.utf8), request)
        #expect(try loop.integer("SELECT count(*) FROM suppression") == 0)
        let answer = try await loop.importText(export.text, pieceBytes: 11)
        #expect(answer.created == export.reasons.count + 1 && answer.rejected == 0, "\(export.name)")
        #expect(try self.reasons(loop) == [""] + export.reasons, "\(export.name)")
        #expect(!answer.optOuts.isEmpty && trial.optOuts == answer.optOuts)
        // Again, they are there already.
        let again = try await loop.importText(export.text)
        #expect(again.unchanged == answer.created && again.optOuts == answer.optOuts)
        #expect(try self.reasons(loop) == [""] + export.reasons, "\(export.name)")
    }

    @Test("the counts name the column and why; the list says which line and which import, and nobody's address")
    func counts() async throws {
        let loop = try ImportLoopDouble()
        let answer = try await loop.importText(Self.exports[0].text)
        #expect(
            answer.optOuts.map { "\($0.column) \($0.reason) \($0.rows)" } == [
                "email_opt_in unsubscribed 1", "do_not_contact asked 2", "email1_is_bad bounced 2",
            ]
        )
        #expect(
            try loop.integer(
                "SELECT count(*) FROM suppression WHERE evidence = 'people.csv:3 email_opt_in' AND who = 'import i1'"
            ) == 1
        )
    }

    @Test("contacts that are there are suppressed as well, whatever becomes of their fields; texts have their own list")
    func known() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email,phone\nb@x.org,\nc@x.org,\n,5155550100\n")
        let file = "email,phone,do_not_contact,mobile_opt_in\nB@x.org,,1,\nc@x.org,5155550199,,no\n,515-555-0100,yes,\n"
        let answer = try await loop.importText(file, onConflict: .keep)
        #expect(answer.created == 0)
        #expect(try loop.integer("SELECT count(*) FROM contact WHERE email = 'b@x.org' AND barred = 1") == 1)
        #expect(try loop.integer("SELECT count(*) FROM suppression WHERE channel = 'email'") == 1)
        #expect(try loop.integer("SELECT count(*) FROM suppression WHERE channel = 'sms'") == 2)
        #expect(answer.optOuts.map(\.rows) == [2, 1])
    }

    @Test("a mapping file may say that such columns are fields and nothing more")
    func ignored() async throws {
        let loop = try ImportLoopDouble()
        let map = try ColumnMap(layout: nil, json: #"{"opt_outs":"ignore"}"#)
        let request = ImportRequest(file: "people.csv", source: "fair", onConflict: .merge, map: map)
        let answer = try await loop.importBytes(Array(Self.exports[0].text.utf8), request)
        #expect(answer.optOuts.isEmpty)
        #expect(try loop.integer("SELECT count(*) FROM suppression") == 0)
        #expect(throws: Problem.self) { try ColumnMap(layout: nil, json: #"{"opt_outs":"maybe"}"#) }
        // A column that is left out as a field still says what it says.
        let left = try ColumnMap(layout: nil, json: #"{"fields":{"email_opt_in":""}}"#)
        let heeded = ImportRequest(file: "people.csv", source: "fair", onConflict: .merge, map: left)
        #expect(try await loop.importBytes(Array(Self.exports[0].text.utf8), heeded).optOuts.count == 3)
    }
}
