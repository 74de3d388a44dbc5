import Signing
import UserFiles

extension Settings {
    /// Who signs, by the relay's name.
    ///
    /// - Throws: ``StartProblem`` that names the key that is none.
    func relaySigning() throws -> [String: RelaySigning] {
        var keys: [String: SigningKey] = [:]
        for key in self.signing {
            do throws(SigningKey.Unusable) {
                keys[key.name] = try SigningKey(pem: key.key.reveal(), domain: key.domain, selector: key.selector)
            } catch {
                throw StartProblem(text: "\(self.file): dkim.\(key.name).key_file: \(key.file) \(error.message)")
            }
        }
        var signing: [String: RelaySigning] = [:]
        for relay in self.relays {
            switch relay.signing {
            case .relay: signing[relay.name] = .relay
            case .keys(let names): signing[relay.name] = .keys(names.compactMap { keys[$0] })
            }
        }
        return signing
    }
}
