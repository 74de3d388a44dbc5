import Bounces
import Crypto
import Domain
import Engine
import Foundation
import Intake
import Logging
import Signing
import Synchronization
import Telemetry
import Webhooks

/// Where providers' webhooks come: each is believed or refused by its door, and acted on in the loop.
final class WebhookDesk: Sendable {
    /// What whoever sent a request is told.
    enum Answer: Sendable, Equatable {
        /// Committed, or nothing to commit.
        case taken
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

    init(
        doors: [String: WebhookDoor],
        scan: ReturnPathScan?,
        record: ReturnRecord,
        logger: Logger,
        seconds: @escaping @Sendable () -> Int64,
        act: @escaping @Sendable ([ProviderReport]) async throws -> [ReturnEffect]
    ) {
        self.doors = Mutex(doors)
        self.scan = scan
        self.record = record
        self.logger = logger
        self.seconds = seconds
        self.act = act
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
                return .taken
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

    private func take(_ events: [WebhookEvent], from name: String) async throws {
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

    private func report(_ event: WebhookEvent, from name: String) -> ProviderReport? {
        guard case .success(let address) = AddressParser.parse(event.address) else { return nil }
        func bounced(_ weight: ReturnRules.Weight) -> ReturnReport.What {
            let detail = Redaction.text(event.detail, of: address.key)
            return .bounced([.init(address: address.key, weight: weight, detail: detail)])
        }
        let what: ReturnReport.What =
            switch event.what {
            case .delivered: .delivered
            case .opened: .opened
            case .clicked: .clicked
            case .permanent: bounced(.permanent)
            case .temporary: bounced(.temporary)
            case .policy: bounced(.policy)
            case .complained: .complained(type: "abuse")
            case .unsubscribed: .unsubscribed
            }
        var target: TargetKey?
        if case .target(let found) = self.scan?.look(at: event.sender) { target = found }
        // A provider's name for an event may have the address in it.
        let id = SHA256.hash(data: Array(event.id.utf8)).prefix(16)
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return ProviderReport(provider: name, what: what, address: address.key, target: target, id: id)
    }
}
