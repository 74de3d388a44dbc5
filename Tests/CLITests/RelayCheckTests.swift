import Testing
import UserFiles

@testable import CLI

@Suite("What doctor says to do about a relay")
struct RelayCheckTests {
    private func relay(_ keys: String) throws -> RelaySettings {
        let yaml = "relays: [{name: main, \(keys)}]\n"
        let settings = try Settings.parse(yaml, file: "p.yaml", folder: "/srv", environment: [:])
        return try #require(settings.relays.first)
    }

    @Test(
        "each kind of trouble has a remedy of its own",
        arguments: [
            ("timed out: no end of its greeting or the answer to EHLO, STARTTLS or AUTH", "says nothing", "ca_file"),
            ("no answer within 20 s", "says nothing", "ca_file"),
            ("the relay offers no STARTTLS, and encryption is required", "smtps://", "ca_file"),
            ("TLS failed: the relay's certificate is not for x, the host that the settings name", "ca_file", "running"),
            ("the relay refused our credentials with 535 5.7.8 no", "password_file", "ca_file"),
            (
                "the relay offers neither AUTH PLAIN nor AUTH LOGIN, and credentials are configured", "password_file",
                "TLS"
            ),
            ("credentials are configured, and they are never sent without encryption", "tls: required", "running"),
            ("the relay greeted us with 554 go away", "refuses this machine", "running"),
            ("the relay answered EHLO with 550 bad name", "helo", "running"),
            ("cannot connect: Connection refused", "is it running", "ca_file"),
        ]
    )
    func remedies(problem: String, says: String, never: String) throws {
        let remedy = RelayCheck.remedy(try self.relay("url: 'smtp://127.0.0.1:25'"), "127.0.0.1:25: \(problem)")
        #expect(remedy.contains(says) && !remedy.contains(never), "\(remedy)")
    }

    @Test("a port that is no TLS port is told from one that says nothing")
    func silentTLS() throws {
        let relay = try self.relay("url: 'smtps://127.0.0.1:465'")
        let remedy = RelayCheck.remedy(relay, "the relay timed out: no end of the TLS handshake")
        #expect(remedy.contains("smtp://"), "\(remedy)")
    }
}
