import Dispatch
import Domain
import Foundation
import NIOPosix
import Sink
import Testing
import Transport
import Wire

@testable import WorkerCore

/// The worker's executable, which lies beside the tests.
private enum Executable {
    static let path: String? = {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return ["postrider-worker", "Worker"].map { folder.appending(path: $0).path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()
}

/// A real worker process that can be killed at a named point and started again on the same journal.
private final class KillBench {
    let coordinator = Result { try FakeCoordinator() }
    let folder = NSTemporaryDirectory() + "kill-\(UInt64.random(in: .min ... .max))"
    private var process: Process?
    private var ended = DispatchSemaphore(value: 0)

    init() throws {
        let coordinator = try self.coordinator.get()
        try FileManager.default.createDirectory(atPath: "\(self.folder)/keys", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(self.folder)/data", withIntermediateDirectories: true)
        try KeyFile.write(coordinator.worker, to: "\(self.folder)/keys/test-1.key")
        try KeyFile.writePublic(coordinator.keys.publicKey, to: "\(self.folder)/keys/coordinator.pub")
        let settings = "worker: { coordinator: \"\(coordinator.address.endpoint)\", connections: 4 }\n"
        try settings.write(toFile: "\(self.folder)/postrider.yaml", atomically: true, encoding: .utf8)
    }

    func start(crashAt point: String? = nil) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Executable.path))
        process.arguments = ["--config", "\(self.folder)/postrider.yaml", "--name", "test-1", "--exit-with-parent"]
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "POSTRIDER_CRASH_AT" }
        if let point { process.environment?["POSTRIDER_CRASH_AT"] = point }
        // Its end of this pipe closes with the test process: then the worker goes, too.
        process.standardInput = Pipe()
        process.standardOutput = FileHandle.nullDevice
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        (self.process, self.ended) = (process, ended)
    }

    /// Waits for the end that the crash point brings.
    func waitForDeath() throws -> Bool {
        let process = try self.waitForEnd()
        return process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL
    }

    /// SIGTERM; the exit code.
    func terminate() throws -> Int32 {
        self.process?.terminate()
        return try self.waitForEnd().terminationStatus
    }

    private func waitForEnd() throws -> Process {
        let process = try #require(self.process)
        guard self.ended.wait(timeout: .now() + .seconds(600)) == .success else {
            throw FakeCoordinator.Silence(description: "the worker still runs after ten minutes")
        }
        return process
    }

    func close() {
        if let process, process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? self.coordinator.get().close()
        try? FileManager.default.removeItem(atPath: self.folder)
    }
}

/// What was known of a target after the worker was killed and came back.
private struct Aftermath {
    var hello: WireHello
    var facts: [UInt32: (code: WireOutcomeCode, reason: String)]
    /// As the sink counted them.
    var accepted: Int
    var repeated: Int
}

@Suite(
    "A worker killed at a named point",
    .serialized,
    .timeLimit(.minutes(3)),
    .enabled(if: Executable.path != nil, "the worker's executable was not built")
)
struct CrashPointTests {
    static let targets: UInt32 = 40
    static let connections = 4

    @Test(
        "loses nobody, and doubts at most one message for each connection",
        arguments: [
            "w01", "w02", "w02:7", "w03:5", "w04", "w04:9", "w05", "w05:3", "w06", "w06:3", "w07", "w07:2",
        ]
    )
    func killed(at point: String) async throws {
        var options = SinkOptions()
        options.port = 0
        let sink = try await SinkServer.start(options, on: MultiThreadedEventLoopGroup.singleton)
        let result: Result<Aftermath, any Error> = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: Result { try Self.killAndReturn(point, sink) })
            }
        }
        try await sink.stop()
        let aftermath = try result.get()
        let held = Set(aftermath.hello.held.flatMap(\.begun))
        let doubts = aftermath.facts.values.count { $0.code == .inDoubt }
        #expect(doubts <= Self.connections, "one intent for each connection")
        #expect(aftermath.repeated == 0, "nothing is sent twice by itself")
        #expect(held.isSuperset(of: aftermath.facts.filter { $0.value.code != .returned }.keys))
        let accepted = aftermath.facts.values.count { $0.code == .accepted }
        #expect(
            accepted <= aftermath.accepted && aftermath.accepted <= accepted + doubts,
            "what left is accepted or in doubt"
        )
        if point.hasPrefix("w01") { #expect(held.isEmpty && aftermath.accepted == 0) }
        if point == "w05:3" || point.hasPrefix("w07") {
            #expect(accepted > 0, "what is journalled is told after the kill")
        }
    }

    @Test("a target that kills is not begun, and the process that comes says that it is another")
    func poison() async throws {
        var options = SinkOptions()
        options.port = 0
        let sink = try await SinkServer.start(options, on: MultiThreadedEventLoopGroup.singleton)
        let result: Result<[WireHello], any Error> = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: Result { try Self.dieOfTheSeventh(sink) })
            }
        }
        try await sink.stop()
        let hellos = try result.get()
        #expect(Set(hellos.map(\.process)).count == 2 && hellos.allSatisfy { $0.process != 0 })
        // With one open message they are taken in their order.
        let begun = hellos[1].held.flatMap(\.begun)
        #expect(!begun.isEmpty && begun.allSatisfy { $0 < 7 })
        #expect((1...7).contains(sink.tally.accepted))
    }

    private static func dieOfTheSeventh(_ sink: SinkServer) throws -> [WireHello] {
        let bench = try KillBench()
        defer { bench.close() }
        let coordinator = try bench.coordinator.get()
        try bench.start(crashAt: "p01:p7")
        let first = try coordinator.hello()
        try coordinator.welcome(session: 1, relays: [FakeCoordinator.relay(port: sink.port)])
        let nonce = try coordinator.credit().nonce
        try coordinator.sendContent()
        let positions = (0..<Self.targets).map { $0 }
        try coordinator.send(.grant(coordinator.grant(nonce: nonce, epoch: 9, positions: positions, slots: 1)))
        #expect(try bench.waitForDeath(), "it died of the seventh")
        try bench.start()
        let second = try coordinator.hello()
        try coordinator.welcome(session: 2, relays: [FakeCoordinator.relay(port: sink.port)])
        #expect(try bench.terminate() == 0)
        return [first, second]
    }

    private static func killAndReturn(_ point: String, _ sink: SinkServer) throws -> Aftermath {
        let bench = try KillBench()
        defer { bench.close() }
        let coordinator = try bench.coordinator.get()
        try bench.start(crashAt: point)
        _ = try coordinator.hello()
        try coordinator.welcome(session: 1, relays: [FakeCoordinator.relay(port: sink.port)])
        let nonce = try coordinator.credit().nonce
        try coordinator.sendContent()
        let positions = (0..<Self.targets).map { $0 }
        try coordinator.send(.grant(coordinator.grant(nonce: nonce, epoch: 9, positions: positions)))
        #expect(try bench.waitForDeath(), "it died at \(point)")

        try bench.start()
        let hello = try coordinator.hello()
        try coordinator.welcome(session: 2, relays: [FakeCoordinator.relay(port: sink.port)])
        let begun = hello.held.flatMap(\.begun).count
        let facts = begun > 0 ? try coordinator.outcomes(begun) : [:]
        #expect(try bench.terminate() == 0)
        return Aftermath(
            hello: hello,
            facts: facts,
            accepted: sink.tally.accepted,
            repeated: sink.tally.repeatedAddresses
        )
    }
}
