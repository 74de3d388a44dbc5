import Domain
import Foundation
import Testing
import UserFiles

@Suite("postrider.yaml: what comes back")
struct ReturnSettingsTests {
    private func folder() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        for (name, text) in [("one.key", "secret\n"), ("two.key", "a\nb\n"), ("sns.pem", "pem")] {
            _ = FileManager.default.createFile(
                atPath: "\(folder)/\(name)",
                contents: Data(text.utf8),
                attributes: mode
            )
        }
        return folder
    }

    @Test("returned mail has an address, ways in, and counts")
    func returns() throws {
        let source = """
            returns: {address: Bounces@R.example, listen: 127.0.0.1:7703, maildir: back, permanent: 2, temporary_within: 7d}
            """
        let settings = try Settings.parse(source, file: "p.yaml", folder: "/srv", environment: [:])
        let returns = try #require(settings.returns)
        #expect(returns.local == "bounces" && returns.domain == "r.example")
        #expect(returns.listen?.port == 7_703 && returns.maildir == "/srv/back")
        #expect(returns.permanentMax == 2 && returns.temporaryDays == 5)
        #expect(returns.temporaryWithinMilliseconds == 7 * 86_400_000)
        #expect(try Settings.parse("", file: "p.yaml", folder: "/srv", environment: [:]).returns == nil)
    }

    @Test("webhooks have a name, a provider, and what proves it")
    func webhooks() throws {
        let folder = try self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let source = """
            coordinator: {public_url: "https://go.example.org"}
            webhooks:
              grid: {provider: sendgrid, public_key: MFkw}
              gun: {provider: mailgun, key_file: one.key}
              mark: {provider: postmark, user: ann, password_file: one.key}
              aws: {provider: ses, topics: ["arn:aws:sns:eu-west-1:1:a"], certificate_file: sns.pem}
              texts: {provider: twilio, token_file: one.key}
            """
        let settings = try Settings.parse(source, file: "p.yaml", folder: folder, environment: [:])
        #expect(settings.webhooks.map(\.name) == ["grid", "gun", "mark", "aws", "texts"])
        guard case .mailgun(let key) = settings.webhooks[1].proof,
            case .ses(let topics, let certificates) = settings.webhooks[3].proof,
            case .twilio(let token) = settings.webhooks[4].proof
        else { return #expect(Bool(false), "\(settings.webhooks)") }
        #expect(key.reveal() == "secret" && topics.count == 1 && certificates == "pem")
        #expect(token.reveal() == "secret")
    }

    @Test(
        "a mistake is named",
        arguments: [
            ("returns: {address: nobody}", "returns.address", "bounces@returns.example.org"),
            ("returns: {address: a-name-that-is-much-too-long@r.example}", "returns.address", "at most 15"),
            ("returns: {listen: '127.0.0.1:1'}", "returns.address", "is missing"),
            ("returns: {address: b@r.example, listen: '0.0.0.0:25'}", "returns.listen", "127.0.0.1:PORT"),
            ("returns: {address: b@r.example, permanent: 0}", "returns.permanent", "1 to 10"),
            ("webhooks: {g: {provider: sendgrid, public_key: a}}", "webhooks", "coordinator.public_url"),
            ("webhooks: {g: {provider: other}}", "webhooks.g.provider", "sendgrid, mailgun, postmark, ses or twilio"),
            ("webhooks: {g: {provider: mailgun, user: a}}", "webhooks.g.user", "unknown key"),
            ("webhooks: {g: {provider: mailgun}}", "webhooks.g.key_file", "signing key"),
            ("webhooks: {g: {provider: mailgun, key_file: two.key}}", "webhooks.g.key_file", "one line"),
            ("webhooks: {g: {provider: twilio}}", "webhooks.g.token_file", "auth token"),
            ("webhooks: {g: {provider: ses, topics: [x], certificate_file: sns.pem}}", "webhooks.g.topics", "ARN"),
        ]
    )
    func mistakes(source: String, key: String, text: String) throws {
        let folder = try self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do throws(FileProblems) {
            _ = try Settings.parse(source, file: "p.yaml", folder: folder, environment: [:])
            #expect(Bool(false), "\(source) was taken")
        } catch {
            let said = error.diagnostics.map(\.description)
            #expect(said.contains { $0.contains(key) && $0.contains(text) }, "\(said)")
        }
    }
}
