import Domain
import Storage
import Testing

@testable import CoordinatorCore

@Suite("Operators' words without names")
struct NamelessTextTests {
    private static let key = AddressKey(Array(repeating: 3, count: 32))

    @Test(
        "addresses and whole telephone numbers become hashes, everything else stays",
        arguments: [
            ("letter of 3 May", "letter of 3 May"), ("", ""), ("SMTP 550 5.1.1, c10/0/7", "SMTP 550 5.1.1, c10/0/7"),
            ("ann@x.org, in person.", "EMAIL, in person."), ("(ann@x.org)!", "(EMAIL)!"), ("(ann@)", "((address))"),
            ("@ann", "(address)"),
            ("tel +1 515 777 9999 / 515-777-9999", "tel PHONE / PHONE"), ("5157779999 said stop", "PHONE said stop"),
            ("(515) 777-9999.", "PHONE."), ("515.777.9999;2026-11-22", "PHONE;2026-11-22"),
            ("on 22.11.2026 12:30 by 515 7779999", "on 22.11.2026 12:30 by PHONE"),
            ("room 1234567, 3 people", "room 1234567, 3 people"),
            ("called 5157779999/5157779999", "called PHONE/PHONE"),
            ("order A5157779999", "order A5157779999"), ("1234 5678 9012 3456 7890", "1234 5678 9012 3456 7890"),
            ("digest 0011223344556677aa", "digest 0011223344556677aa"),
        ]
    )
    func words(text: String, expected: String) {
        let email = "email " + Self.key.hash("ann@x.org", on: .email).text
        let phone = "phone " + Self.key.hash("15157779999", on: .sms).text
        let filled = expected.replacing("EMAIL", with: email)
            .split(separator: "PHONE", omittingEmptySubsequences: false).joined(separator: phone)
        #expect(Self.key.nameless(text) == filled)
    }
}
