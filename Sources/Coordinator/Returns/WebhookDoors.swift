import Crypto
import Domain
import Foundation
import Logging
import Signing
import Storage
import UserFiles
import Webhooks

extension Settings {
    /// What checks each configured webhook, by name.
    ///
    /// - Throws: ``StartProblem`` that names the key that is none.
    func webhookDoors() throws -> [String: WebhookDoor] {
        var doors: [String: WebhookDoor] = [:]
        for webhook in self.webhooks { doors[webhook.name] = WebhookDoor(try self.provider(of: webhook)) }
        return doors
    }

    private func provider(of webhook: WebhookSettings) throws -> WebhookDoor.Provider {
        switch webhook.proof {
        case .mailgun(let key): return .mailgun(Array(key.reveal().utf8))
        case .postmark(let user, let password): return .postmark(user: user, password: password.reveal())
        case .sendgrid(let text):
            guard let bytes = Data(base64Encoded: text),
                let key = try? P256.Signing.PublicKey(derRepresentation: bytes)
            else {
                let key = "\(self.file): webhooks.\(webhook.name).public_key"
                throw StartProblem(text: "\(key) is no public key in base64, as SendGrid shows it")
            }
            return .sendgrid(key)
        case .twilio(let token):
            // Never what a request says of itself: its Host header is whatever its sender wrote.
            let address = "\(self.coordinator.publicURL ?? "")/w/\(webhook.name)"
            return .twilio(token: Array(token.reveal().utf8), addresses: TwilioAddress.signed(address))
        case .ses(let topics, let certificates):
            do throws(SNSTrust.Unusable) {
                return .ses(try SNSTrust(topics: Set(topics), certificates: certificates))
            } catch {
                throw StartProblem(
                    text: "\(self.file): webhooks.\(webhook.name).certificate_file: the file \(error.message)"
                )
            }
        }
    }
}

extension WebhookDesk {
    /// On the loop and the machine's clock; `nil` when no webhook is configured.
    convenience init?(
        _ doors: [String: WebhookDoor],
        _ returns: ReturnOptions?,
        loop: CoordinatorLoop,
        record: ReturnRecord,
        logger: Logger
    ) {
        guard !doors.isEmpty else { return nil }
        self.init(
            doors: doors,
            scan: returns.map { ReturnPathScan(key: $0.key, local: $0.local, domain: $0.domain) },
            record: record,
            logger: logger,
            seconds: { WallClock.now().milliseconds / 1_000 },
            act: { reports in
                if reports.contains(where: { $0.channel == .sms }) { try await loop.indexTelephones(steps: 200) }
                return try await loop.ask { core in try reports.map { report in try core.takeProvider(report) } }
            },
            suppression: { number in
                try await loop.ask { core in try core.suppressions.record(of: number, on: .sms) }
            }
        )
    }
}
