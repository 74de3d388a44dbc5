import Domain
import Testing
import UserFiles

@testable import CLI

@Suite("Finding coordinator and token")
struct FoundTests {
    private func folder() throws -> TestFolder {
        let folder = try TestFolder()
        var installation = Installation(folder: folder.path)
        try installation.make()
        return folder
    }

    private func token(_ folder: TestFolder, _ role: Role) throws -> String {
        String(try folder.read("tokens/\(role.name).token").dropLast())
    }

    @Test(
        "settings say where the coordinator is and whose token to show",
        arguments: [
            (Role.operator, Role.operator), (.admin, .admin),
        ]
    )
    func fromSettings(asked: Role, shown: Role) throws {
        let folder = try self.folder()
        defer { folder.remove() }
        let given = GivenOptions(config: "\(folder.path)/postrider.yaml")
        let found = try Found.find(given, [:], role: asked)
        #expect(found.base == "http://127.0.0.1:7701")
        #expect(found.token?.reveal() == (try self.token(folder, shown)))
    }

    @Test("options win over the environment, and the environment over the settings")
    func precedence() throws {
        let folder = try self.folder()
        defer { folder.remove() }
        let environment = [
            "POSTRIDER_CONFIG": "\(folder.path)/postrider.yaml", "POSTRIDER_URL": "http://env:1/",
            "POSTRIDER_TOKEN": "\(folder.path)/tokens/viewer.token",
        ]
        let inherited = try Found.find(GivenOptions(), environment, role: .operator)
        #expect(inherited.base == "http://env:1")
        #expect(inherited.token?.reveal() == (try self.token(folder, .viewer)))
        let given = GivenOptions(url: "https://option:2", tokenFile: "\(folder.path)/tokens/approver.token")
        let found = try Found.find(given, environment, role: .operator)
        #expect(found.base == "https://option:2")
        #expect(found.token?.reveal() == (try self.token(folder, .approver)))
    }

    @Test("with a URL and a token no settings are needed")
    func withoutSettings() throws {
        let folder = try self.folder()
        defer { folder.remove() }
        let given = GivenOptions(url: "http://h:1", tokenFile: "\(folder.path)/tokens/viewer.token")
        #expect(try Found.find(given, ["POSTRIDER_CONFIG": "/nonexistent"], role: .operator).base == "http://h:1")
        let word = try Found.find(GivenOptions(url: "http://h:1"), ["POSTRIDER_TOKEN": "a-token"], role: .operator)
        #expect(word.token?.reveal() == "a-token")
        #expect(word.tokenFile == "POSTRIDER_TOKEN")
    }

    @Test("an admin's command shows the operator's token where there is no other")
    func fallback() throws {
        let folder = try self.folder()
        defer { folder.remove() }
        try folder.write("tokens/admin.token", "x", mode: 0o600)
        let operatorToken = try self.token(folder, .operator)
        let given = GivenOptions(config: "\(folder.path)/postrider.yaml")
        #expect(try Found.find(given, [:], role: .admin).token?.reveal() == "x")
        folder.remove("tokens/admin.token")
        #expect(try Found.find(given, [:], role: .admin).token?.reveal() == operatorToken)
    }

    @Test(
        "every interface is reached on this machine",
        arguments: [
            ("0.0.0.0:7701", "http://127.0.0.1:7701"), ("\"*:7701\"", "http://127.0.0.1:7701"),
            ("\"[::]:7701\"", "http://127.0.0.1:7701"), ("10.0.0.5:80", "http://10.0.0.5:80"),
            ("\"[::1]:7701\"", "http://[::1]:7701"),
        ]
    )
    func base(listen: String, base: String) throws {
        let folder = try self.folder()
        defer { folder.remove() }
        try folder.write("postrider.yaml", "coordinator: {api_listen: \(listen)}\n")
        let given = GivenOptions(config: "\(folder.path)/postrider.yaml")
        #expect(try Found.find(given, [:], role: .operator).base == base)
    }

    @Test(
        "what cannot be found is said with the right exit code",
        arguments: [
            (GivenOptions(config: "/nonexistent.yaml"), CommandStatus.badInput),
            (GivenOptions(url: "h:1", tokenFile: "/nonexistent"), .usage),
            (GivenOptions(url: "http://h:1", tokenFile: "/nonexistent"), .usage),
            (GivenOptions(url: "ftp://h", tokenFile: "x"), .usage),
        ]
    )
    func problems(given: GivenOptions, status: CommandStatus) throws {
        let failure = try #require(throws: Failure.self) { try Found.find(given, [:], role: .operator) }
        #expect(failure.status == status)
    }
}
