import Dispatch
import Domain
import Synchronization
import Testing
import Transport
import Wire

@testable import WorkerCore

@Suite("When the link cannot go on", .serialized, .timeLimit(.minutes(10)))
struct LinkEndTests {
    /// A link to nobody, and why it ended.
    private struct Scene {
        let context: Transport.Context
        let link: CoordinatorLink
        let thread: SystemThread
        let end: SharedEnd
        let ended: DispatchSemaphore
    }

    private func scene(
        beat: LoopBeat = LoopBeat(),
        patienceMilliseconds: Int64 = 3_600_000,
        isShut: Bool = false
    ) throws -> Scene {
        let end = SharedEnd()
        let ended = DispatchSemaphore(value: 0)
        let link = try CoordinatorLink(
            watch: .init(beat: beat, patienceMilliseconds: patienceMilliseconds),
            onEnd: {
                end.set($0)
                ended.signal()
            },
            deliver: { _ in }
        )
        let context = try Transport.Context()
        if isShut { try context.terminate() }
        let keys = try CurveKeyPair.generate()
        let address = CoordinatorLink.Address(
            endpoint: try Transport.Endpoint("tcp://127.0.0.1:9"),
            keys: keys,
            coordinator: keys.publicKey
        )
        return Scene(
            context: context,
            link: link,
            thread: try link.start(address, in: context),
            end: end,
            ended: ended
        )
    }

    @Test("an event loop that does not turn is noticed")
    func hang() throws {
        let scene = try self.scene(patienceMilliseconds: 50)
        #expect(scene.ended.wait(timeout: .now() + .seconds(30)) == .success)
        #expect(scene.end.value == .hang(milliseconds: 50))
        scene.thread.join()
        try scene.context.terminate()
    }

    @Test("a socket that fails is told of, instead of a thread that is gone without a word")
    func transport() throws {
        let scene = try self.scene(isShut: true)
        #expect(scene.ended.wait(timeout: .now() + .seconds(30)) == .success)
        guard case .transport = scene.end.value else {
            Issue.record("it ended with \(String(describing: scene.end.value))")
            return
        }
        scene.thread.join()
    }

    @Test("a link that is stopped ends without a word")
    func stopped() throws {
        let scene = try self.scene()
        scene.link.stop()
        scene.thread.join()
        #expect(scene.end.value == nil)
        try scene.context.terminate()
    }
}

/// A value that two threads look at.
private final class SharedEnd: Sendable {
    private let state = Mutex<CoordinatorLink.End?>(nil)

    var value: CoordinatorLink.End? { self.state.withLock { $0 } }

    func set(_ end: CoordinatorLink.End) { self.state.withLock { $0 = end } }
}
