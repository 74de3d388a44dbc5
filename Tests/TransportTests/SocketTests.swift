import Testing

@testable import Transport

@Suite("The encrypted connection", .timeLimit(.minutes(1)))
struct SocketTests {
    @Test("a worker on the allow-list is let in, and its name comes from its key")
    func happyPath() throws {
        try withCoordinator { coordinator in
            let worker = try coordinator.connect(as: coordinator.known)
            defer { worker.close() }
            try worker.waitForEvent(.connected)
            #expect(try worker.socket.send([1, 2, 3]) == .sent)
            let received = try coordinator.nextFrame()
            #expect(received.principal == "worker-1")
            #expect(received.payload == [1, 2, 3])
            #expect(try coordinator.router.send([4], to: received.routing) == .sent)
            #expect(try worker.nextMessage() == .frame([4]))
        }
    }
}
