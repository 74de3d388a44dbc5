import CZeroMQ
import Synchronization
import Testing

@testable import Transport

@Suite("Threads, clocks and the library", .timeLimit(.minutes(10)))
struct ThreadTests {
    @Test("signals between two drains are one, and none is lost to a thread that drains first")
    func wakeups() throws {
        let wakeup = try Wakeup()
        let queue = Mutex<[Int]>([])
        let signals = 20_000
        let threads = try (0..<2).map { number in
            try SystemThread.start(name: "producer-\(number)") {
                for value in 0..<signals {
                    queue.withLock { $0.append(value) }
                    wakeup.signal()
                }
            }
        }
        var taken = 0
        while taken < 2 * signals {
            try #require(wakeup.wait(timeoutMilliseconds: Int32(patienceMilliseconds)), "a signal was lost")
            wakeup.drain()
            taken += queue.withLock { queue in
                defer { queue = [] }
                return queue.count
            }
        }
        for thread in threads { thread.join() }
        #expect(taken == 2 * signals)
    }

    @Test("a poller tells a wake-up from a frame and from nothing")
    func poller() throws {
        try withCoordinator { coordinator in
            let wakeup = try Wakeup()
            let poller = Poller(coordinator.router, wakeup)
            #expect(try poller.wait(timeoutMilliseconds: 0) == Readiness())
            wakeup.signal()
            wakeup.signal()
            #expect(try poller.wait(timeoutMilliseconds: 60_000) == Readiness(wakeup: true))
            wakeup.drain()
            #expect(try poller.wait(timeoutMilliseconds: -5) == Readiness())
            let worker = try coordinator.connect(as: coordinator.known)
            defer { worker.close() }
            try worker.waitForEvent(.connected)
            #expect(try worker.socket.send([1]) == .sent)
            #expect(try poller.wait(timeoutMilliseconds: patienceMilliseconds).socket)
            #expect(try Poller(worker.socket, wakeup).wait(timeoutMilliseconds: 0, wantsRoom: true).hasRoom)
        }
    }

    @Test("a waiting thread is woken from another")
    func wokenFromOutside() throws {
        try withCoordinator { coordinator in
            let wakeup = try Wakeup()
            let thread = try SystemThread.start(name: "ringer") { wakeup.signal() }
            let poller = Poller(coordinator.router, wakeup)
            #expect(try poller.wait(timeoutMilliseconds: 60_000).wakeup)
            thread.join()
            thread.join()
        }
    }

    @Test("a context that is shut down ends a wait, and refuses to end before its sockets are closed")
    func shutdown() throws {
        try withCoordinator { coordinator in
            let context = try Context()
            let dealer = try DealerSocket(
                context,
                keys: coordinator.known,
                coordinator: coordinator.keys.publicKey,
                endpoint: coordinator.router.endpoint
            )
            #expect(throws: TransportError.self) { try context.terminate() }
            context.shutdown()
            let poller = Poller(dealer, try Wakeup())
            let error = #expect(throws: TransportError.self) { try poller.wait(timeoutMilliseconds: 60_000) }
            #expect(error?.code == .terminated)
            #expect(throws: TransportError.self) { try dealer.receive() }
            dealer.close()
            dealer.socket.close()
            try context.terminate()
            try context.terminate()
            #expect(throws: TransportError.self) { try OwnedSocket(context, type: ZMQ_PAIR) }
        }
    }

    @Test("a socket stops the process when a foreign thread uses it")
    func foreignThread() async {
        await #expect(processExitsWith: .failure) {
            let context = try Context()
            nonisolated(unsafe) let socket = try OwnedSocket(context, type: ZMQ_PAIR)
            try SystemThread.start(name: "foreign") { socket.close() }.join()
        }
    }

    @Test("a socket stops the process when it is used after its end")
    func usedAfterClose() async {
        await #expect(processExitsWith: .failure) {
            let socket = try OwnedSocket(Context(), type: ZMQ_PAIR)
            socket.close()
            _ = try socket.receive()
        }
    }

    @Test(
        "old libraries and libraries without encryption are refused",
        arguments: [
            (4, 3, 2, true, false), (4, 3, 3, true, true), (4, 4, 0, true, true), (3, 9, 9, true, false),
            (4, 3, 4, false, false),
        ]
    )
    func library(major: Int, minor: Int, patch: Int, hasCurve: Bool, isGood: Bool) {
        let isAccepted = (try? Context.checkLibrary(version: (major, minor, patch), hasCurve: hasCurve)) != nil
        #expect(isAccepted == isGood)
    }

    @Test("the clock of leases does not go back, and the boot has a name")
    func clock() throws {
        let first = BootClock.now()
        #expect(first > 0)
        #expect(BootClock.now() >= first)
        #expect(try BootClock.machineBootID() == BootClock.machineBootID())
        #expect(try BootClock.machineBootID().count == 36)
    }
}
