import Domain
import Foundation
import Signing
import Transport
import UserFiles

/// What has to be right before a coordinator starts; looks, and changes nothing.
///
/// The start refuses because of it before anything is written; `--check` tells of it. What the database has to say about keys is with
/// ``RecipientKeys``.
struct StartConditions {
    let settings: Settings

    /// - Parameter isRunning: A coordinator works with these settings, and has the ports.
    /// - Returns: Everything that is wrong; empty when nothing is.
    func problems(isRunning: Bool) -> [StartProblem] {
        ListenPlaces.problems(self.settings, areOurs: isRunning) + self.zone() + self.keys() + self.tokens()
            + self.signing() + self.relays() + self.returns() + self.webhooks()
    }

    /// - Throws: ``StartProblem`` that says all of them.
    func require() throws {
        let problems = self.problems(isRunning: false)
        guard let first = problems.first else { return }
        guard problems.count > 1 else { throw first }
        throw StartProblem(text: problems.map(\.text).joined(separator: ". "))
    }

    private func zone() -> [StartProblem] {
        let zone = ZoneFolder.homeZone(self.settings)
        guard ZoneFolder.system.rules(of: zone) == nil else { return [] }
        let text = "\(self.settings.file): timezone: there is no time zone '\(zone)' in \(ZoneFolder.path)"
        let remedy = "name one as in timezone: America/New_York, or install the system's package tzdata"
        return [StartProblem("time_zones", text, remedy: remedy)]
    }

    private func keys() -> [StartProblem] {
        let folder = self.settings.keysFolder
        let (key, list) = ("\(folder)/coordinator.key", "\(folder)/workers.allow")
        var problems: [StartProblem] = []
        do throws(TransportError) { _ = try KeyFile.read(key) } catch {
            let anew = """
                put it back from a backup; or make new ones: rm -f \(key) \(folder)/coordinator.pub, \
                `postrider init --dir \(self.settings.folder)`, and give coordinator.pub to every worker
                """
            problems.append(
                StartProblem("keys", error.message, remedy: KeyFault.remedy(for: key, missing: anew, content: anew))
            )
        }
        do throws(TransportError) { _ = try AllowList.read(list) } catch {
            let remedy = KeyFault.remedy(
                for: list,
                missing: "`postrider init --dir \(self.settings.folder)` makes it",
                content: "mend or remove that line"
            )
            problems.append(StartProblem("keys", error.message, remedy: remedy))
        }
        return problems
    }

    private func tokens() -> [StartProblem] {
        do throws(InvalidTokens) {
            _ = try Tokens(folder: self.settings.tokensFolder)
            return []
        } catch {
            return error.diagnostics.map {
                StartProblem("tokens", $0.description, remedy: self.tokenRemedy($0.file))
            }
        }
    }

    private func tokenRemedy(_ path: String) -> String {
        let initialise = "`postrider init --dir \(self.settings.folder)`"
        guard path != self.settings.tokensFolder else { return "\(initialise) makes what is missing" }
        let another = "rm \(path); \(initialise) makes those of the four roles anew"
        return KeyFault.remedy(for: path, missing: another, content: another)
    }

    private func signing() -> [StartProblem] {
        self.refusal("look at that key_file; `postrider dkim key` makes keys") { _ = try self.settings.relaySigning() }
    }

    private func relays() -> [StartProblem] {
        self.settings.relays.flatMap { relay in
            self.refusal("look at ca_file of relay \(relay.name)") { _ = try relay.wire() }
        }
    }

    /// A key of return paths that is missing is made.
    private func returns() -> [StartProblem] {
        let path = "\(self.settings.keysFolder)/\(ReturnOptions.keyFile)"
        guard self.settings.returns != nil, SecretFile.exists(path) else { return [] }
        let remedy = KeyFault.remedy(for: path, missing: "", content: "put it back from a backup")
        return self.refusal(remedy) { _ = try SecretFile.read(path) }
    }

    private func webhooks() -> [StartProblem] {
        self.refusal("copy it from the provider once more") { _ = try self.settings.webhookDoors() }
    }

    /// What `body` throws.
    private func refusal(_ remedy: String, _ body: () throws -> Void) -> [StartProblem] {
        do { try body() } catch let error as StartProblem {
            return [StartProblem(error.check, error.problem, remedy: error.remedy.isEmpty ? remedy : error.remedy)]
        } catch {
            return [StartProblem("settings", (error as? TransportError)?.message ?? "\(error)", remedy: remedy)]
        }
        return []
    }
}
