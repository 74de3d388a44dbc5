import Domain
import Engine
import Logging
import Mail
import NIOCore
import Relay
import Telemetry
import Wire

/// What this worker says of itself in `Hello`.
package struct WorkerIdentity: Sendable {
    var build: String
    /// Names this boot of the machine.
    var machineBoot: String
    /// The journal's identity: 16 bytes, made with it.
    var journal: [UInt8]
    /// Whether the journal survives a power cut.
    var journalIsDurable: Bool
    /// Connections to relays at most, 1 or more.
    var connections: Int
    /// Said in EHLO to relays that have no name of their own for it.
    var hostName: String
    /// Random at every start of the program; 0 is not told.
    var process: UInt64

    package init(
        build: String,
        machineBoot: String,
        journal: [UInt8],
        journalIsDurable: Bool,
        connections: Int,
        hostName: String,
        process: UInt64 = 0
    ) {
        self.build = build
        self.machineBoot = machineBoot
        self.journal = journal
        self.journalIsDurable = journalIsDurable
        self.connections = connections
        self.hostName = hostName
        self.process = process
    }
}

/// The talk with the coordinator: what came is done, what is due is said.
///
/// Belongs to the event loop, together with the ``ShardRunner``.
final class Conversation {
    private let link: any LinkOutlet
    private let journal: any JournalInbox
    private let runner: ShardRunner
    private let identity: WorkerIdentity
    private var log: Logger
    private var session = LinkSession()
    private var contents: [Campaign.ID: CampaignContent] = [:]
    private var relays: [String: WireRelay] = [:]
    private(set) var tallies: [Campaign.ID: CampaignTally] = [:]
    private var random: any RandomNumberGenerator
    private let makePool: (RelayConfiguration, RelayDesk) -> RelayPool
    private var isLeaving = false
    private var wasReady = false
    private var troubles = Occasionally()
    private var refusals = Occasionally()

    init(
        on eventLoop: any EventLoop,
        link: any LinkOutlet,
        journal: any JournalInbox,
        runner: ShardRunner,
        identity: WorkerIdentity,
        random: any RandomNumberGenerator = SystemRandomNumberGenerator(),
        log: Logger,
        makePool: ((RelayConfiguration, RelayDesk) -> RelayPool)? = nil
    ) {
        self.random = random
        self.makePool =
            makePool ?? { configuration, desk in
                RelayPool(configuration, on: eventLoop, source: desk) { Double.random(in: 0..<1) }
            }
        self.link = link
        self.journal = journal
        self.runner = runner
        self.identity = identity
        self.log = log
    }

    var isWelcomed: Bool { self.session.session != nil }

    // MARK: What came

    func handle(_ events: [LinkEvent]) {
        for event in events { self.handle(event) }
        self.link.handled()
        self.speak()
        self.runner.wakePools()
    }

    private func handle(_ event: LinkEvent) {
        switch event {
        case .connected: self.session.connected()
        case .disconnected:
            if self.isWelcomed {
                self.log.event(.coordinatorAway, level: .warning, "The connection to the coordinator was lost")
            }
            self.session.disconnected()
        case .trouble(let trouble): self.report(trouble)
        case .noFrame(let problem): self.complain(problem)
        case .message(let header, .welcome(let welcome)): self.welcome(welcome, header)
        case .message(let header, .problem(let problem)): self.heed(problem, header)
        case .message(let header, let message):
            guard self.session.accepts(session: header.session, sequence: header.sequence) else { return }
            self.handle(message)
        case .grant(let header, let grant):
            guard self.session.accepts(session: header.session, sequence: header.sequence) else { return }
            self.take(grant)
        case .wrongGrant(let header, let grant, let problem):
            guard self.session.accepts(session: header.session, sequence: header.sequence) else { return }
            self.runner.handBack(epoch: Epoch(grant.epoch), positions: Set(grant.position).sorted())
            self.complain("grant \(grant.epoch): \(problem)")
        }
    }

    private func handle(_ message: CoordinatorMessage) {
        switch message {
        case .content(let content): self.compile(content)
        case .renew(let renew): self.runner.takeBack(self.runner.book.renew(nonce: renew.nonce, epochs: renew.epoch))
        case .withdraw(let withdraw):
            for (epoch, position) in zip(withdraw.epoch, withdraw.position) {
                self.runner.withdraw(position, of: Epoch(epoch))
            }
        case .recall(let recall): self.runner.takeBack(self.runner.book.recall(epochs: recall.epoch))
        case .acknowledge(let acknowledge):
            self.runner.reports.acknowledge(acknowledge.number, at: self.runner.now())
            self.journal.acknowledge(acknowledge.number)
        case .forget(let forget):
            guard let campaign = Self.campaign(forget.campaign) else { return }
            self.contents[campaign] = nil
            if self.tallies[campaign]?.isQuiet ?? false { self.tallies[campaign] = nil }
        case .welcome, .problem, .grant: break
        }
    }

    private func welcome(_ welcome: WireWelcome, _ header: FrameHeader) {
        guard self.session.welcomed(session: header.session, sequence: header.sequence) else { return }
        self.log[metadataKey: LogKey.worker.rawValue] = .string(welcome.worker)
        for relay in welcome.relays { self.configure(relay, among: welcome.relays.count) }
        self.runner.book.welcome(ttl: Int64(welcome.leaseTtl), credit: Int(welcome.credit))
        self.runner.reports.tellAgain()
        let event: LogEventName = self.wasReady ? .coordinatorConnected : .ready
        self.wasReady = true
        self.log.event(event, "The coordinator welcomed this worker", [.session: .string(String(header.session))])
        for desk in self.runner.desks where desk.problem != nil { self.sayState(of: desk) }
    }

    private func heed(_ problem: WireProblem, _ header: FrameHeader) {
        guard header.session == 0 || header.session == self.session.session else { return }
        if problem.sessionUnknown {
            self.session.sessionUnknown()
        } else {
            self.complain("the coordinator says: \(problem.text)")
        }
    }

    private func take(_ grant: ReceivedGrant) {
        let problem = self.runner.take(
            grant,
            content: self.contents[grant.campaign],
            desk: self.runner.desk(named: grant.relay)
        )
        guard let problem else { return }
        self.complain("grant \(grant.epoch.rawValue): \(problem)")
        if self.runner.desk(named: grant.relay) == nil {
            self.send(.relayState(grant.relay, problem: "not known to this worker"))
        }
    }

    private func compile(_ content: WireContent) {
        guard let campaign = Self.campaign(content.campaign) else { return self.complain("content of no campaign") }
        let tally = self.tallies[campaign] ?? CampaignTally(campaign: campaign, name: content.name)
        self.tallies[campaign] = tally
        do throws(InvalidContent) {
            self.contents[campaign] = try CampaignContent(content, campaign: campaign, tally: tally)
        } catch {
            self.contents[campaign] = nil
            let problems = error.diagnostics.map(\.description).joined(separator: "; ")
            self.complain("content of \(campaign.publicID): \(problems)")
        }
    }

    private func configure(_ relay: WireRelay, among count: Int) {
        guard self.relays[relay.name] != relay else { return }
        do throws(Diagnostic) {
            // TCP connections are the worker's: relays share its number.
            let configuration = try RelayAddress.configuration(
                relay,
                connections: max(1, self.identity.connections / count),
                hostName: self.identity.hostName
            )
            let desk = self.runner.desk(named: relay.name) ?? self.runner.addDesk(named: relay.name)
            // The old pool ends by itself: what it has under way it still brings to its end.
            _ = desk.pool?.drain()
            desk.pool = self.makePool(configuration, desk)
            desk.isDry = true
            // What was wrong was wrong with the old settings: the new pool tells only of trouble of its own.
            desk.problem = nil
            _ = self.runner.book.relayChanged(desk.number, available: true)
            self.relays[relay.name] = relay
        } catch {
            self.complain(error.message)
        }
    }

    private static func campaign(_ number: UInt64) -> Campaign.ID? {
        guard let value = Int64(exactly: number), value > 0 else { return nil }
        return Campaign.ID(value)
    }

    // MARK: What is due

    /// Says whatever is due.
    func speak() {
        let now = self.runner.now()
        if self.session.shouldGreet(at: now) { self.greet() }
        guard self.isWelcomed else { return }
        while let report = self.runner.reports.nextReport(at: now, flush: self.isLeaving) {
            self.send(report)
        }
        if self.runner.ask({ $0.creditIsDue(at: now) }) {
            let nonce = self.random.next()
            let targets = self.runner.book.offerCredit(nonce: nonce, at: now)
            self.send(.credit(nonce: nonce, targets: targets, timing: self.runner.desks.compactMap { $0.takeTiming() }))
        }
        if self.runner.ask({ $0.progressIsDue(at: now) }) {
            let nonce = self.random.next()
            self.send(.progress(nonce: nonce, self.runner.book.tellProgress(nonce: nonce, at: now)))
        }
    }

    /// Has the coordinator compare anew what is held.
    func greetAgain() { self.session.sessionUnknown() }

    private func greet() {
        let hello = WorkerMessage.hello(
            self.identity,
            holding: self.runner.inventory(),
            highestEpoch: self.runner.book.highestEpoch
        )
        self.link.send(.message(hello), session: 0)
    }

    func sayState(of desk: RelayDesk) { self.send(.relayState(desk.name, problem: desk.problem)) }

    /// Reports wait for no company from now on.
    func leaveSoon() {
        self.isLeaving = true
        // No room any more: else what is handed back would be granted to this worker again until it is gone.
        self.send(.credit(nonce: self.random.next(), targets: 0))
        self.speak()
    }

    func sayGoodbye() { self.send(.goodbye(WireGoodbye())) }

    private func send(_ message: WorkerMessage) {
        guard let session = self.session.session else { return }
        self.link.send(.message(message), session: session)
    }

    private func send(_ report: ReportBook.Report) {
        guard let session = self.session.session else { return }
        self.link.send(.report(report), session: session)
    }

    // MARK: Logs

    private func report(_ trouble: LinkTrouble) {
        guard self.troubles.allows(at: self.runner.now()) else { return }
        switch trouble {
        case .refused:
            self.log.event(
                .coordinatorAway,
                level: .error,
                "The coordinator refuses this worker's key: add it with `postrider worker add`, or check the key file"
            )
        case .handshake(let problem):
            self.log.event(
                .coordinatorAway,
                level: .error,
                "What answers at the coordinator's address is not the coordinator with the configured key",
                [.problem: .string(problem)]
            )
        case .unreachable:
            self.log.event(.coordinatorAway, level: .warning, "The coordinator cannot be reached; trying on")
        }
    }

    private func complain(_ problem: String) {
        guard self.refusals.allows(at: self.runner.now()) else { return }
        self.log.event(
            .frameRefused,
            level: .warning,
            "Something the coordinator said cannot be followed",
            [.problem: .string(problem)]
        )
    }
}

/// Lets a log line through once a minute: what repeats is not worth more.
struct Occasionally {
    static let intervalMilliseconds: Int64 = 60_000
    private var last: Instant?

    mutating func allows(at now: Instant) -> Bool {
        if let last = self.last, now.milliseconds(since: last) < Self.intervalMilliseconds { return false }
        self.last = now
        return true
    }
}
