import Domain
import Foundation
import Mail
import NIOCore
import NIOPosix
import Relay
import UserFiles

/// Whether each relay takes a connection, says EHLO, encrypts and knows us; nothing is sent.
enum RelayCheck {
    /// Longest time for one relay; relays are asked side by side.
    private static let limit = TimeAmount.seconds(20)
    /// The same for one step of it: a person waits.
    private static let stepSeconds = 15.0

    static func run(_ relays: [RelaySettings]) async -> [Finding] {
        await withTaskGroup(of: (Int, Finding).self) { group in
            for (index, relay) in relays.enumerated() {
                group.addTask {
                    // Not inside the tuple; see ContactsEraseCommand.
                    let finding = await Self.check(relay)
                    return (index, finding)
                }
            }
            var findings: [(Int, Finding)] = []
            for await finding in group { findings.append(finding) }
            return findings.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private static func check(_ relay: RelaySettings) async -> Finding {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let configuration: RelayConfiguration
        do {
            configuration = try Self.configuration(relay)
        } catch {
            return .wrong("relay", "\(relay.name): \(error)", remedy: "look at ca_file of that relay")
        }
        let promise = loop.makePromise(of: String?.self)
        loop.execute { RelayProbe.start(configuration, on: loop, limit: Self.limit, promise) }
        let problem: String?
        do { problem = try await promise.futureResult.get() } catch { problem = "\(error)" }
        guard let problem else { return .ok("relay", "\(relay.name): \(Self.words(relay))") }
        return .wrong("relay", "\(relay.name): \(problem)", remedy: Self.remedy(relay, problem))
    }

    private static func words(_ relay: RelaySettings) -> String {
        var words = ["\(relay.host):\(relay.port) answers"]
        switch relay.security {
        case .required, .implicit: words.append("encrypts with a certificate that fits")
        case .opportunistic: words.append("encrypts if it can")
        case .off: words.append("does not encrypt")
        }
        if relay.credentials != nil { words.append("knows our password") }
        return words.joined(separator: ", ")
    }

    /// What to do about what a connection ended with.
    static func remedy(_ relay: RelaySettings, _ problem: String) -> String {
        let name = relay.name
        // Before the others: the text names what was waited for, TLS among it.
        if problem.contains("timed out") || problem.contains("no answer within") {
            return relay.security == .implicit
                ? "it takes connections and does not encrypt: is \(relay.port) its port for smtps? Else write smtp:// in url"
                : "it takes connections and says nothing: is \(relay.port) its port for SMTP? A port that begins with TLS, "
                    + "such as 465, needs smtps:// in url of relay \(name)"
        }
        if problem.contains("never sent without encryption") {
            return "write tls: required at relay \(name), or leave user and password_file out"
        }
        if problem.contains("credentials") || problem.contains("AUTH") {
            return "look at user and password_file of relay \(name)"
        }
        if problem.contains("offers no STARTTLS") {
            return
                "is \(relay.port) its port for STARTTLS? A port that begins with TLS needs smtps:// in url of relay \(name)"
        }
        if problem.contains("TLS") || problem.contains("certificate") {
            return "look at tls, ca_file and url of relay \(name): the url's host must be the one in its certificate"
        }
        if problem.contains("greeted us with") || problem.contains("EHLO") || problem.contains("HELO") {
            return "it refuses this machine: ask whoever runs it, and look at helo of relay \(name)"
        }
        return "is it running, and is url of relay \(name) right? For a test relay: `postrider sink`"
    }

    private static func configuration(_ relay: RelaySettings) throws -> RelayConfiguration {
        var timeouts = SMTPTimeouts()
        timeouts.connectSeconds = min(Double(relay.timeouts.connectMilliseconds) / 1_000, Self.stepSeconds)
        timeouts.handshakeSeconds = Self.stepSeconds
        timeouts.greetingSeconds = Self.stepSeconds
        let policy: TLSPolicy =
            switch relay.security {
            case .required, .implicit: .required
            case .opportunistic: .opportunistic
            case .off: .off
            }
        return RelayConfiguration(
            name: relay.name,
            host: relay.host,
            port: relay.port,
            implicitTLS: relay.security == .implicit,
            tlsPolicy: policy,
            user: relay.credentials?.user ?? "",
            password: relay.credentials?.password.reveal() ?? "",
            caPEM: try relay.certificateFile.map { try String(contentsOfFile: $0, encoding: .utf8) },
            hello: relay.helo ?? HelloName.ofThisMachine,
            connectionsMax: 1,
            timeouts: timeouts
        )
    }
}

/// Opens one connection up to where a message could be sent, and closes it again.
///
/// Everything happens on the loop; the pool keeps it alive until it has ended.
private final class RelayProbe: MessageSource {
    private var promise: EventLoopPromise<String?>?
    private var pool: RelayPool?
    private let loop: any EventLoop

    private init(_ promise: EventLoopPromise<String?>, _ loop: any EventLoop) {
        self.promise = promise
        self.loop = loop
    }

    static func start(
        _ configuration: RelayConfiguration,
        on loop: any EventLoop,
        limit: TimeAmount,
        _ promise: EventLoopPromise<String?>
    ) {
        let probe = RelayProbe(promise, loop)
        let pool = RelayPool(configuration, on: loop, source: probe, jitter: { 0 })
        probe.pool = pool
        loop.assumeIsolated().scheduleTask(in: limit) {
            probe.end("no answer within \(limit.nanoseconds / 1_000_000_000) s")
        }
        pool.wake()
    }

    // A connection that asks for a message is ready for one.
    func nextJob() -> RelayJob? {
        self.end(nil)
        return nil
    }

    func body(of job: RelayJob) -> ByteBuffer? { nil }
    func intend(_ job: RelayJob, proceed: @escaping (Bool) -> Void) { proceed(false) }
    func resolved(_ job: RelayJob, _ result: RelayResult) {}

    func relayChanged(problem: String?) { self.end(problem) }

    private func end(_ problem: String?) {
        self.promise?.succeed(problem)
        self.promise = nil
        guard let pool = self.pool else { return }
        self.pool = nil
        // Not from inside the pool's own turn.
        self.loop.assumeIsolated().execute { if problem == nil { _ = pool.drain() } else { pool.cut() } }
    }
}
