import Domain
import Intake
import Signing
import Synchronization
import UserFiles

/// Who may be sent tests, over what, and how many.
///
/// Tests are no campaign's messages: no ledger, budget or limit counts them. So they go to the addresses that the configuration names
/// and to nobody else, and few of them.
final class TestDesk: Sendable {
    private let addresses: [String]
    private let relays: [RelaySettings]
    private let signing: [String: RelaySigning]
    private let sent = Mutex(Sent())

    /// Tests in an hour: enough for anybody who looks at them, too few to write to people with.
    static let anHourMax = 100
    private static let hour = Duration.seconds(3_600)

    private struct Sent {
        var since = ContinuousClock.now
        var count = 0
    }

    /// Where the tests of one request go.
    struct Way: Sendable {
        /// As it was typed.
        let recipient: String
        /// ``EmailAddress/key``.
        let key: String
        let relay: RelaySettings
        let signing: RelaySigning
    }

    /// - Parameters:
    ///   - addresses: The configuration's `test_addresses`.
    ///   - relays: All that are configured.
    ///   - signing: Who signs, by the relay's name.
    init(addresses: [String], relays: [RelaySettings], signing: [String: RelaySigning]) {
        self.addresses = addresses
        self.relays = relays
        self.signing = signing
    }

    /// Whether tests may be sent somewhere.
    ///
    /// - Throws: ``OperationError/notAllowed(_:)`` for an address that the configuration does not name.
    func way(to text: String, over name: String) throws -> Way {
        guard case .success(let address) = AddressParser.parse(text) else {
            throw OperationError.invalid([Diagnostic(.error, "'\(text.prefix(80))' is no address")])
        }
        let known = self.addresses.compactMap { try? AddressParser.parse($0).get().key }
        guard known.contains(address.key) else {
            throw OperationError.notAllowed(
                "tests go to the test_addresses of postrider.yaml only, and \(address.text) is not among them"
            )
        }
        guard let relay = self.relays.first(where: { $0.name == name }) else {
            throw OperationError.conflict("relay '\(name)' is not configured")
        }
        return Way(
            recipient: address.text,
            key: address.key,
            relay: relay,
            signing: self.signing[name] ?? .keys([])
        )
    }

    /// Takes tests out of the hour's.
    ///
    /// - Throws: ``OperationError/conflict(_:)`` when there are not as many left.
    func take(_ count: Int) throws {
        let isAllowed = self.sent.withLock { sent in
            if ContinuousClock.now - sent.since >= Self.hour { sent = Sent() }
            guard sent.count + count <= Self.anHourMax else { return false }
            sent.count += count
            return true
        }
        guard isAllowed else {
            throw OperationError.conflict("at most \(Self.anHourMax) tests are sent in an hour; try again later")
        }
    }
}
