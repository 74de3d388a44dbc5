import Bounces
import Crypto
import Domain
import Engine
import Foundation
import Intake
import Logging
import Signing
import Storage
import Synchronization
import Telemetry
import Webhooks

/// Where providers' webhooks come: each is believed or refused by its door, and acted on in the loop.
final class WebhookDesk: Sendable {
    /// What whoever sent a request is told.
    enum Answer: Sendable, Equatable {
        /// Committed, or nothing to commit.
        case taken
        /// The same, to a provider that would take a page for an order.
        case takenInSilence
        /// There is no webhook of this name.
        case unknown
        case refused
        /// Send it again later.
        case later
    }

    /// Events of one turn of the loop, each some statements.
    private static let eventsPerTurn = 100

    private let doors: Mutex<[String: WebhookDoor]>
    private let scan: ReturnPathScan?
    private let record: ReturnRecord
    private let logger: Logger
    private let seconds: @Sendable () -> Int64
    /// Acts on reports, and returns once that is committed.
    private let act: @Sendable ([ProviderReport]) async throws -> [ReturnEffect]
    /// What stands against texts to a telephone number.
    private let suppression: @Sendable (String) async throws -> SuppressionRecord?

    init(
        doors: [String: WebhookDoor],
        scan: ReturnPathScan?,
        record: ReturnRecord,
        logger: Logger,
        seconds: @escaping @Sendable () -> Int64,
        act: @escaping @Sendable ([ProviderReport]) async throws -> [ReturnEffect],
        suppression: @escaping @Sendable (String) async throws -> SuppressionRecord?
    ) {
        self.doors = Mutex(doors)
        self.scan = scan
        self.record = record
        self.logger = logger
        self.seconds = seconds
        self.act = act
        self.suppression = suppression
    }

    /// Whether there is a webhook of this name; one that there is not is told of.
    func knows(_ name: String) -> Bool {
        if self.doors.withLock({ $0[name] != nil }) { return true }
        self.record.refused("a webhook that is not configured")
        return false
    }

    func take(_ request: WebhookRequest, at name: String) async -> Answer {
        let now = self.seconds()
        let opened = self.doors.withLock { doors -> Result<WebhookNews, WebhookRefusal>? in
            guard doors[name] != nil else { return nil }
            return Result { () throws(WebhookRefusal) -> WebhookNews? in
                try doors[name]?.open(request, at: now)
            }
            .map { $0 ?? .events([]) }
        }
        switch opened {
        case nil: return .unknown
        case .failure(.repeated):
            // Its provider did not see the answer to the first one.
            self.record.count("repeated")
            return .taken
        case .failure(.full):
            self.record.trouble("webhook \(name): more requests came than can be remembered; they come again")
            return .later
        case .failure(let refusal):
            self.record.refused("webhook \(name): the request \(refusal)")
            return .refused
        case .success(.confirm(let address)):
            self.logger.event(
                .webhookConfirm,
                level: .warning,
                "Open this address once in a browser; until then nothing comes from webhook \(name)",
                [.webhook: .string(name), .url: .string(address)]
            )
            return .taken
        case .success(.events(let events)):
            do {
                try await self.take(events, from: name)
                return self.isSilent(name) ? .takenInSilence : .taken
            } catch {
                self.doors.withLock { $0[name]?.forget(request) }
                self.logger.event(
                    .returned,
                    level: .warning,
                    "What a webhook told has to wait",
                    [.webhook: .string(name), .problem: .string("\(error)")]
                )
                return .later
            }
        }
    }

    /// Twilio sends what it is answered to the person, or warns of an answer without a type.
    private func isSilent(_ name: String) -> Bool {
        if case .twilio = self.doors.withLock({ $0[name]?.provider }) { true } else { false }
    }

    private func take(_ events: [WebhookEvent], from name: String) async throws {
        for event in events where event.what == .asksAgain { try await self.tell(of: event, from: name) }
        let events = events.filter { $0.what != .asksAgain }
        let reports = events.compactMap { self.report($0, from: name) }
        for _ in 0..<events.count - reports.count { self.record.count("ignored") }
        var rest = reports[...]
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(Self.eventsPerTurn))
            rest = rest.dropFirst(Self.eventsPerTurn)
            // What was committed before a failure is known when it comes again.
            for (report, effect) in zip(chunk, try await self.act(chunk)) { self.record.count(effect, report.what) }
        }
    }

    /// Tells the operator that somebody who is suppressed wants messages again: lifting that needs a reason, and somebody who answers for it.
    private func tell(of event: WebhookEvent, from name: String) async throws {
        guard let number = self.address(of: event), let found = try await self.suppression(number) else {
            self.record.count("ignored")
            return
        }
        self.record.count("asks_again")
        var more: [LogKey: Logger.MetadataValue] = [
            .webhook: .string(name), .hash: .string(found.address.text), .reason: .string(found.reason.rawValue),
        ]
        if let contact = found.contact { more[.contact] = .number(Int(contact.rawValue)) }
        self.logger.event(
            .asksAgain,
            level: .warning,
            "Somebody who is suppressed for text messages asks for them again; suppress remove lifts it",
            more
        )
    }

    /// The canonical form of an event's address.
    private func address(of event: WebhookEvent) -> String? {
        if event.isTelephone {
            return PhoneNumber.normalised(event.address).map { String(decoding: PhoneKey.of($0), as: UTF8.self) }
        }
        // Some providers say whom a message was for as it stood in its header.
        guard case .success(let mailbox) = MailboxParser.parse(event.address) else { return nil }
        return mailbox.address.key
    }

    private func report(_ event: WebhookEvent, from name: String) -> ProviderReport? {
        guard let address = self.address(of: event) else { return nil }
        func bounced(_ weight: ReturnRules.Weight) -> ReturnReport.What {
            let detail = Redaction.text(event.detail, of: address)
            return .bounced([.init(address: address, weight: weight, detail: detail)])
        }
        let what: ReturnReport.What
        switch event.what {
        case .delivered: what = .delivered
        case .opened: what = .opened
        case .clicked: what = .clicked
        case .permanent: what = bounced(.permanent)
        case .temporary: what = bounced(.temporary)
        case .policy: what = bounced(.policy)
        case .complained: what = .complained(type: "abuse")
        case .unsubscribed: what = .unsubscribed
        // Told of apart.
        case .asksAgain: return nil
        }
        var target: TargetKey?
        if case .target(let found) = self.scan?.look(at: event.sender) { target = found }
        // A provider's name for an event may have the address in it.
        let id = SHA256.hash(data: Array(event.id.utf8)).prefix(16).hexadecimal
        return ProviderReport(
            provider: name,
            what: what,
            channel: event.isTelephone ? .sms : .email,
            address: address,
            target: target,
            id: id
        )
    }
}
