import Domain
import Glibc
import UserFiles

/// Options that every subcommand takes, after whatever names it.
struct GivenOptions: Sendable {
    var config: String?
    var url: String?
    var tokenFile: String?
}

/// What a command found: settings, where the coordinator is, and which token to show.
struct Found: Sendable {
    let base: String
    let token: Secret?
    let tokenFile: String

    /// The file that holds settings: `--config`, `POSTRIDER_CONFIG`, or `postrider.yaml` in the current folder.
    ///
    /// - Returns: `nil` when none was named and the current folder has none.
    static func configPath(_ given: GivenOptions, _ environment: [String: String]) -> String? {
        if let path = given.config ?? environment["POSTRIDER_CONFIG"], !path.isEmpty { return path }
        return access("postrider.yaml", F_OK) == 0 ? "postrider.yaml" : nil
    }

    /// Reads the settings.
    static func settings(_ given: GivenOptions, _ environment: [String: String]) throws(Failure) -> Settings {
        guard let path = Self.configPath(given, environment) else {
            let ways = "go to its folder, say --config FILE, or make one with `postrider init --dir D`"
            throw Failure(.usage, "there is no postrider.yaml here; \(ways)")
        }
        do {
            return try Settings.load(path: path, environment: environment)
        } catch {
            throw Failure(.badInput, "", diagnostics: error.diagnostics)
        }
    }

    /// Finds the coordinator and a token.
    ///
    /// - Parameters:
    ///   - given: What the command line says; it wins.
    ///   - environment: Says the rest, before the settings do.
    ///   - role: Whose token is shown when none is named. `admin` falls back to the operator's where there is no other.
    /// - Returns: The coordinator's address with a token to show.
    /// - Throws: Usage, when something was not said that is needed; bad input, when the settings are wrong.
    static func find(
        _ given: GivenOptions,
        _ environment: [String: String],
        role: Role
    ) throws(Failure) -> Found {
        let url = given.url ?? environment["POSTRIDER_URL"].flatMap { $0.isEmpty ? nil : $0 }
        let named = given.tokenFile
        let inherited = environment["POSTRIDER_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        // Settings are only read for what was not said: a laptop needs a URL and a token, but no postrider.yaml.
        let isComplete = url != nil && (named != nil || inherited != nil)
        let settings = isComplete && given.config == nil ? nil : try Self.settings(given, environment)
        let base = try Self.base(url, settings)
        if let named { return Found(base: base, token: try TokenFile.read(named), tokenFile: named) }
        if let inherited {
            // A file's name, or the token itself.
            let isFile = access(inherited, F_OK) == 0
            let token = isFile ? try TokenFile.read(inherited) : Secret(inherited)
            return Found(base: base, token: token, tokenFile: isFile ? inherited : "POSTRIDER_TOKEN")
        }
        let folder = settings?.tokensFolder ?? "tokens"
        var path = "\(folder)/\(role.name).token"
        if role == .admin, access(path, R_OK) != 0 { path = "\(folder)/\(Role.operator.name).token" }
        return Found(base: base, token: try TokenFile.read(path), tokenFile: path)
    }

    private static func base(_ url: String?, _ settings: Settings?) throws(Failure) -> String {
        if let url {
            let isWeb = url.hasPrefix("http://") || url.hasPrefix("https://")
            guard isWeb, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !url.contains("?"), !url.contains("#") else {
                throw Failure(.usage, "\"\(url)\" is no address; allowed: http://HOST:PORT or https://HOST[:PORT]")
            }
            return url.hasSuffix("/") ? String(url.dropLast()) : url
        }
        guard let settings else {
            throw Failure(.usage, "the coordinator's address is not known; say --url http://HOST:PORT")
        }
        return try Self.base(of: settings)
    }

    /// Where the coordinator of these settings is reached from its own machine.
    static func base(of settings: Settings) throws(Failure) -> String {
        let listen = settings.coordinator.apiListen
        guard listen.port != 0 else {
            throw Failure(.usage, "coordinator.api_listen leaves the port to the system; say --url http://HOST:PORT")
        }
        let everywhere = ["*", "0.0.0.0", "::"]
        let host = everywhere.contains(listen.host) ? "127.0.0.1" : listen.host
        return "http://\(ListenAddress(host: host, port: listen.port))"
    }
}
