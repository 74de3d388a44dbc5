import Domain
import Foundation
import Logging
import NIOCore
import NIOPosix
import Sink
import Testing
import Transport
import Wire

@testable import WorkerCore

/// A worker in this process, between a fake coordinator and a sink.
private final class Bench {
    let coordinator: FakeCoordinator
    let folder: String
    let sinkPort: Int
    private(set) var service: WorkerService?

    init(sinkPort: Int, knowsWorker: Bool = true) throws {
        self.sinkPort = sinkPort
        self.coordinator = try FakeCoordinator(knowsWorker: knowsWorker)
        self.folder = NSTemporaryDirectory() + "worker-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
    }

    func start(connections: Int = 8) throws {
        self.service = try WorkerService(
            WorkerConfiguration(
                name: "test-1",
                dataFolder: self.folder,
                address: self.coordinator.address,
                connections: connections,
                journalIsPowerSafe: false,
                hostName: "worker.example",
                build: "test"
            ),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Says Hello and Welcome; the nonce of the first credit.
    func admit(
        session: UInt64 = 7,
        ttl: UInt32 = 60_000,
        credit: UInt32 = 1_024
    ) throws -> (hello: WireHello, nonce: UInt64) {
        let hello = try self.coordinator.hello()
        try self.coordinator.welcome(
            session: session,
            ttl: ttl,
            credit: credit,
            relays: [FakeCoordinator.relay(port: self.sinkPort)]
        )
        return (hello, try self.coordinator.credit().nonce)
    }

    /// Drains and waits; the exit code.
    func stop() -> Int32? {
        defer { self.service = nil }
        self.service?.drain()
        return self.service?.wait()
    }

    func close() {
        _ = self.stop()
        self.coordinator.close()
        try? FileManager.default.removeItem(atPath: self.folder)
    }
}

/// Runs `body` against a fresh sink, away from Swift's pool threads, which must not block.
private func withBench(
    _ scenario: SinkScenario = .accept,
    knowsWorker: Bool = true,
    _ body: @escaping @Sendable (borrowing Bench, SinkServer) throws -> Void
) async throws {
    var options = SinkOptions()
    options.port = 0
    options.scenario = scenario
    let sink = try await SinkServer.start(options, on: MultiThreadedEventLoopGroup.singleton)
    let result: Result<Void, any Error> = await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            do {
                let bench = try Bench(sinkPort: sink.port, knowsWorker: knowsWorker)
                defer { bench.close() }
                try body(bench, sink)
                continuation.resume(returning: .success(()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
    try await sink.stop()
    try result.get()
}

@Suite("Worker against a fake coordinator and a sink", .serialized, .timeLimit(.minutes(10)))
struct WorkerServiceTests {
    @Test("a granted shard is sent, reported and acknowledged, and the journal is empty after it")
    func sends() async throws {
        try await withBench { bench, sink in
            try bench.start()
            let (hello, nonce) = try bench.admit()
            #expect(hello.held.isEmpty && hello.journal.count == 16 && hello.connections == 8)
            #expect(!hello.machineBoot.isEmpty && !hello.journalDurable)
            try bench.coordinator.sendContent()
            for shard in UInt64(0)..<4 {
                let positions = (0..<UInt32(100)).map { $0 + UInt32(shard) * 100 }
                try bench.coordinator.send(
                    .grant(bench.coordinator.grant(nonce: nonce, epoch: 10 + shard, positions: positions))
                )
            }
            let outcomes = try bench.coordinator.outcomes(400)
            #expect(outcomes.values.allSatisfy { $0.code == .accepted })
            #expect(sink.tally.accepted == 400 && sink.tally.repeatedAddresses == 0)
            #expect(bench.stop() == 0)
            try bench.start()
            #expect(try bench.coordinator.hello().held.isEmpty)
        }
    }

    @Test("replies become outcomes")
    func outcomes() async throws {
        let scenario = SinkScenario(rules: [
            .init(match: "p1@*", action: .reply("550 5.1.1 No such user")),
            .init(match: "p2@*", action: .reply("451 4.7.1 Try again in 60 seconds")),
            .init(match: "p3@*", at: .message, action: .drop),
            .init(match: "p4@*", at: .message, action: .reply("550 5.7.1 Policy")),
        ])
        try await withBench(scenario) { bench, _ in
            try bench.start()
            let (_, nonce) = try bench.admit()
            try bench.coordinator.sendContent()
            // The one whose connection is dropped goes alone: what waits behind it on a connection goes back instead.
            try bench.coordinator.send(
                .grant(bench.coordinator.grant(nonce: nonce, epoch: 5, positions: [0, 1, 2, 4]))
            )
            var outcomes = try bench.coordinator.outcomes(4)
            try bench.coordinator.send(.grant(bench.coordinator.grant(nonce: nonce, epoch: 6, positions: [3])))
            outcomes.merge(try bench.coordinator.outcomes(1)) { $1 }
            #expect(outcomes[0]?.code == .accepted)
            #expect(outcomes[1].map { [$0.code == .bounced ? "bounced" : "", $0.reason] } == ["bounced", "mailbox"])
            #expect(
                outcomes[2].map { [$0.code == .deferred ? "deferred" : "", $0.reason] } == ["deferred", "throttled"]
            )
            #expect(
                outcomes[3].map { [$0.code == .inDoubt ? "in_doubt" : "", $0.reason] } == ["in_doubt", "no_reply"]
            )
            #expect(outcomes[4].map { [$0.code == .bounced ? "bounced" : "", $0.reason] } == ["bounced", "policy"])
        }
    }

    @Test("what cannot be sent comes back: no content, unknown nonce, unknown relay")
    func returns() async throws {
        try await withBench { bench, sink in
            try bench.start()
            let (_, nonce) = try bench.admit()
            try bench.coordinator.send(.grant(bench.coordinator.grant(nonce: nonce, epoch: 5, positions: [0])))
            try bench.coordinator.sendContent()
            try bench.coordinator.send(.grant(bench.coordinator.grant(nonce: nonce &+ 1, epoch: 6, positions: [1])))
            try bench.coordinator.send(
                .grant(bench.coordinator.grant(nonce: nonce, epoch: 7, positions: [2], relay: "other"))
            )
            let outcomes = try bench.coordinator.outcomes(3)
            #expect(outcomes.values.allSatisfy { $0.code == .returned })
            #expect(sink.tally.connections == 0)
        }
    }

    @Test("facts are told again after a restart of the coordinator, and a repeated grant is not sent twice")
    func reconnect() async throws {
        try await withBench { bench, sink in
            try bench.start()
            let (_, nonce) = try bench.admit()
            try bench.coordinator.sendContent()
            let grant = CoordinatorMessage.grant(bench.coordinator.grant(nonce: nonce, epoch: 5, positions: [0, 1, 2]))
            try bench.coordinator.send(grant)
            try bench.coordinator.send(grant)
            _ = try bench.coordinator.outcomes(3, acknowledge: false)
            try bench.coordinator.restart()
            let (hello, _) = try bench.admit(session: 8)
            #expect(hello.held.map(\.epoch) == [5])
            #expect(hello.held.first?.running == false && hello.held.first?.begun == [0, 1, 2])
            #expect(bench.coordinator.lastHeader?.session == 8)
            #expect(try bench.coordinator.outcomes(3).count == 3)
            #expect(sink.tally.accepted == 3)
        }
    }

    @Test("a coordinator that does not know the session is greeted again")
    func sessionUnknown() async throws {
        try await withBench { bench, _ in
            try bench.start()
            _ = try bench.admit()
            try bench.coordinator.send(.problem(made(WireProblem()) { ($0.text, $0.sessionUnknown) = ("who?", true) }))
            _ = try bench.coordinator.hello()
            #expect(bench.coordinator.lastHeader == FrameHeader(type: .hello, session: 0, sequence: 1))
        }
    }

    @Test("leases are renewed by progress; what Renew leaves out and what is recalled comes back")
    func renewal() async throws {
        // A site that answers late, one message at a time: most targets wait.
        let slow = SinkScenario(rules: [.init(match: "*", at: .message, action: .slow(milliseconds: 300))])
        try await withBench(slow) { bench, sink in
            try bench.start()
            let (_, nonce) = try bench.admit()
            try bench.coordinator.sendContent()
            for epoch in UInt64(5)...6 {
                let positions = (0..<UInt32(50)).map { $0 + UInt32(epoch) * 100 }
                try bench.coordinator.send(
                    .grant(bench.coordinator.grant(nonce: nonce, epoch: epoch, positions: positions, slots: 1))
                )
            }
            let progress: WireProgress = try bench.coordinator.next("Progress") {
                if case .progress(let progress) = $0, progress.epoch.contains(5) { progress } else { nil }
            }
            try bench.coordinator.send(.renew(made(WireRenew()) { ($0.nonce, $0.epoch) = (progress.nonce, [6]) }))
            try bench.coordinator.send(.recall(made(WireRecall()) { $0.epoch = [6] }))
            let outcomes = try bench.coordinator.outcomes(100)
            let returned = outcomes.values.count { $0.code == .returned }
            #expect(returned >= 90 && sink.tally.accepted == 100 - returned)
        }
    }

    @Test("a drained worker hands back what it did not begin, says Goodbye and ends with 0")
    func drains() async throws {
        let slow = SinkScenario(rules: [.init(match: "*", at: .message, action: .slow(milliseconds: 300))])
        try await withBench(slow) { bench, sink in
            try bench.start()
            let (_, nonce) = try bench.admit()
            try bench.coordinator.sendContent()
            let positions = (0..<UInt32(40)).map { $0 }
            try bench.coordinator.send(
                .grant(bench.coordinator.grant(nonce: nonce, epoch: 5, positions: positions, slots: 2))
            )
            _ = try bench.coordinator.outcomes(1)
            bench.service?.drain()
            let outcomes = try bench.coordinator.outcomes(37)
            #expect(outcomes.values.contains { $0.code == .returned })
            _ = try bench.coordinator.next("Goodbye") { if case .goodbye = $0 { true } else { nil } }
            #expect(bench.service?.wait() == 0)
            #expect(sink.tally.accepted <= 6)
        }
    }

    @Test("targets of a relay that cannot be reached come back, and the coordinator is told")
    func relayAway() async throws {
        try await withBench { bench, _ in
            try bench.start()
            _ = try bench.coordinator.hello()
            // Nobody listens on port 1.
            try bench.coordinator.welcome(session: 7, relays: [FakeCoordinator.relay(port: 1)])
            let nonce = try bench.coordinator.credit().nonce
            try bench.coordinator.sendContent()
            try bench.coordinator.send(.grant(bench.coordinator.grant(nonce: nonce, epoch: 5, positions: [0, 1])))
            let state: WireRelayState = try bench.coordinator.next("RelayState") {
                if case .relayState(let state) = $0 { state } else { nil }
            }
            #expect(state.relay == "main" && !state.available && !state.problem.isEmpty)
            #expect(try bench.coordinator.outcomes(2).values.allSatisfy { $0.code == .returned })
        }
    }

    @Test("a worker whose key is not on the list says nothing and sends nothing")
    func strangers() async throws {
        try await withBench(knowsWorker: false) { bench, _ in
            try bench.start()
            #expect(try bench.coordinator.staysSilent(for: 1_000) { _ in true })
            #expect(bench.stop() == 0)
        }
    }
}
