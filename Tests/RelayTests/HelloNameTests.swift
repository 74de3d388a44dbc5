import Testing

@testable import Relay

@Suite("The name in EHLO")
struct HelloNameTests {
    @Test(
        "a machine's name stands there only if it may",
        arguments: [
            ("mail.example.org", "mail.example.org"), ("a-1", "a-1"), ("", "localhost"), ("my machine", "localhost"),
            ("host_1", "localhost"), ("müller", "localhost"),
        ]
    )
    func names(machine: String, said: String) { #expect(HelloName.allowed(machine) == said) }
}
