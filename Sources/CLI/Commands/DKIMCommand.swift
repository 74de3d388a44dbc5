import ArgumentParser
import Foundation
import Signing

/// Runs `postrider dkim`.
struct DKIMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim",
        abstract: "Keys that messages are signed with.",
        subcommands: [Key.self, Record.self]
    )

    /// Runs `postrider dkim key`.
    struct Key: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "key",
            abstract: "Makes a signing key and prints the DNS record to publish.",
            discussion: """
                Example: postrider dkim key --domain example.org --selector s1 --out s1.key

                Needs no coordinator. The file is kept as it is when there is one already.
                """
        )

        @Option(help: "Whose mail it signs: the domain of the From address, or one above it.")
        var domain: String

        @Option(help: "Its name among the domain's keys; any short word, a new one for each key.")
        var selector: String

        @Option(help: "rsa, which every receiver can check, or ed25519, which is far faster; you may use one of each.")
        var algorithm: SigningKey.Algorithm = .rsa

        @Option(
            help: ArgumentHelp("Where to (default: keys/dkim-DOMAIN-SELECTOR.key by the settings).", valueName: "file"),
            completion: .file()
        )
        var out: String?

        @OptionGroup var global: GlobalOptions

        func validate() throws { try DKIMCommand.check(domain: self.domain, selector: self.selector) }

        func run(in surroundings: Surroundings) async throws {
            let path =
                self.out ?? Self.standardPath(surroundings, "dkim-\(self.domain)-\(self.selector).key".lowercased())
            do {
                let pem = try SigningKey.makePEM(self.algorithm)
                let key = try SigningKey(pem: pem, domain: self.domain, selector: self.selector)
                guard try NewFile.write(Array(pem.utf8), to: path, mode: 0o600) else {
                    let way = "`postrider dkim record` prints its DNS record, --out names another file"
                    throw Failure(.failed, "\(path) exists already and is left as it is; \(way)")
                }
                try DKIMCommand.show(key, file: path, surroundings)
            } catch let problem as SigningKey.Unusable {
                throw Failure(.failed, "the key \(problem.message)")
            }
        }

        /// Beside the other keys, where there are any.
        private static func standardPath(_ surroundings: Surroundings, _ name: String) -> String {
            guard let config = Found.configPath(surroundings.options, surroundings.environment) else { return name }
            let keys = URL(fileURLWithPath: config).deletingLastPathComponent().appendingPathComponent("keys")
            let isRelative = config == "postrider.yaml"
            guard FileManager.default.fileExists(atPath: keys.path) else { return name }
            return isRelative ? "keys/\(name)" : keys.appendingPathComponent(name).path
        }
    }

    /// Runs `postrider dkim record`.
    struct Record: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "record",
            abstract: "Prints the DNS record of a key that there is.",
            discussion: HelpText.with(
                examples: "postrider dkim record s1.key --domain example.org --selector s1"
            )
        )

        @Argument(help: "The key's file.", completion: .file())
        var file: String

        @Option(help: "Whose mail it signs.")
        var domain: String

        @Option(help: "Its name among the domain's keys.")
        var selector: String

        @OptionGroup var global: GlobalOptions

        func validate() throws { try DKIMCommand.check(domain: self.domain, selector: self.selector) }

        func run(in surroundings: Surroundings) async throws {
            do {
                let key = try SigningKey(
                    pem: try Self.text(of: self.file),
                    domain: self.domain,
                    selector: self.selector
                )
                try DKIMCommand.show(key, file: self.file, surroundings)
            } catch let problem as SigningKey.Unusable {
                throw Failure(.badInput, "\(self.file) \(problem.message)")
            }
        }

        private static func text(of file: String) throws(Failure) -> String {
            guard let handle = FileHandle(forReadingAtPath: file),
                let bytes = try? handle.read(upToCount: SigningKey.bytesMax)
            else { throw Failure(.badInput, "cannot read \(file)") }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    fileprivate static func check(domain: String, selector: String) throws {
        guard SigningKey.isDomain(domain) else {
            throw ValidationError("--domain \(domain) is not allowed; allowed: a domain in ASCII such as example.org.")
        }
        guard SigningKey.isSelector(selector) else {
            throw ValidationError(
                "--selector \(selector) is not allowed; allowed: letters, digits and hyphens, such as s1."
            )
        }
    }

    fileprivate static func show(_ key: SigningKey, file: String, _ surroundings: Surroundings) throws {
        if surroundings.isJSON {
            try surroundings.show(Shown(key, file: file))
            return
        }
        let terminal = surroundings.terminal
        let style = surroundings.style
        terminal.line("Key: \(file) (\(key.algorithm.rawValue)). Keep it secret.")
        terminal.line("")
        terminal.line("Publish this TXT record in the DNS, then wait until it is seen everywhere:")
        terminal.line("")
        terminal.line("  name   \(style.bold(key.recordName))")
        terminal.line("  text   \(key.recordText)")
        terminal.line("")
        terminal.line("As a line of a zone file:")
        terminal.line(key.zoneLine)
        terminal.line("")
        terminal.line("Then in postrider.yaml:")
        terminal.line("dkim:")
        terminal.line("  NAME: { domain: \(key.domain), selector: \(key.selector), key_file: \(file) }")
        terminal.line("relays:")
        terminal.line("  - { ..., dkim: NAME }")
    }

    private struct Shown: Encodable {
        let file: String
        let algorithm: String
        let name: String
        let record: String

        init(_ key: SigningKey, file: String) {
            self.file = file
            self.algorithm = key.algorithm.rawValue
            self.name = key.recordName
            self.record = key.recordText
        }
    }
}

extension SigningKey.Algorithm: ExpressibleByArgument {}
