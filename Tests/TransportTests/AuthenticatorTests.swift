import CZeroMQ
import Synchronization
import Testing

@testable import Transport

@Suite("Who is let in", .timeLimit(.minutes(10)))
struct AuthenticatorTests {
    @Test("an unknown key is refused, and all three sides say so")
    func unknownKey() throws {
        try withCoordinator { coordinator in
            let stranger = try CurveKeyPair.generate()
            let worker = try coordinator.connect(as: stranger)
            defer { worker.close() }
            #expect(try worker.nextEvent() == .refused(status: 400))
            #expect(try coordinator.nextEvent() == .refused(status: 400))
            #expect(try worker.socket.send([1]) == .full)
            try eventually { coordinator.refusals.list.withLock { !$0.isEmpty } }
            let refusal = try #require(coordinator.refusals.list.withLock { $0.first })
            #expect(refusal.cause == .unknownKey)
            #expect(refusal.keyFingerprint == stranger.publicKey.fingerprint)
            #expect(refusal.address == "127.0.0.1")
        }
    }

    @Test("a worker that is put on the list later gets in without a restart")
    func addedLater() throws {
        try withCoordinator { coordinator in
            let authenticator = try #require(coordinator.authenticator)
            let keys = try CurveKeyPair.generate()
            let worker = try coordinator.connect(as: keys)
            worker.socket.refusedMilliseconds = 10
            defer { worker.close() }
            try worker.waitForEvent(.refused(status: 400))
            try worker.waitForEvent(.refused(status: 400))
            authenticator.replaceAllowList(try authenticator.allowList.adding("late", keys.publicKey))
            try worker.waitForEvent(.connected)
            #expect(try worker.socket.send([1]) == .sent)
            #expect(try coordinator.nextFrame().principal == "late")
        }
    }

    @Test("a connection whose name was removed says nothing more")
    func removed() throws {
        try withCoordinator { coordinator in
            let authenticator = try #require(coordinator.authenticator)
            let worker = try coordinator.connect(as: coordinator.known)
            defer { worker.close() }
            try worker.waitForEvent(.connected)
            #expect(try worker.socket.send([1]) == .sent)
            #expect(try coordinator.nextFrame().payload == [1])
            authenticator.replaceAllowList(authenticator.allowList.removing("worker-1"))
            #expect(try worker.socket.send([2]) == .sent)
            #expect(try coordinator.next() == .revoked(principal: "worker-1"))
        }
    }

    @Test("a connection whose name got another key says nothing more")
    func rekeyed() throws {
        try withCoordinator { coordinator in
            let authenticator = try #require(coordinator.authenticator)
            let worker = try coordinator.connect(as: coordinator.known)
            defer { worker.close() }
            try worker.waitForEvent(.connected)
            let newKeys = try CurveKeyPair.generate()
            let list = try authenticator.allowList.removing("worker-1").adding("worker-1", newKeys.publicKey)
            authenticator.replaceAllowList(list)
            #expect(try worker.socket.send([2]) == .sent)
            #expect(try coordinator.next() == .revoked(principal: "worker-1"))
            let successor = try coordinator.connect(as: newKeys)
            defer { successor.close() }
            try successor.waitForEvent(.connected)
            #expect(try successor.socket.send([3]) == .sent)
            #expect(try coordinator.nextFrame().payload == [3])
        }
    }

    @Test("who does not use CURVE is not let in")
    func otherMechanisms() throws {
        try withCoordinator { coordinator in
            for protection in [DealerSocket.Protection.none, .password] {
                let worker = try TestWorker(protection, coordinator.router.endpoint)
                defer { worker.close() }
                guard case .handshakeFailed = try worker.nextEvent() else {
                    throw TestFailure(message: "\(protection) was not refused")
                }
                #expect(try worker.socket.send([1]) == .full)
            }
        }
    }

    @Test("a worker does not talk to a coordinator with another key")
    func wrongServer() throws {
        try withCoordinator { coordinator in
            let impostor = try CurveKeyPair.generate()
            let worker = try TestWorker(
                .curve(coordinator.known, server: impostor.publicKey),
                coordinator.router.endpoint
            )
            defer { worker.close() }
            guard case .handshakeFailed = try worker.nextEvent() else { throw TestFailure(message: "it did") }
        }
    }

    @Test("without an authenticator nobody is let in, not even a known key")
    func failsClosed() throws {
        try withCoordinator(.noAuthenticator) { coordinator in
            let worker = try coordinator.connect(as: coordinator.known)
            defer { worker.close() }
            guard case .handshakeFailed = try worker.nextEvent() else { throw TestFailure(message: "let in") }
        }
    }

    @Test("once the authenticator has stopped, nobody new is let in")
    func stopped() throws {
        try withCoordinator { coordinator in
            let before = try coordinator.connect(as: coordinator.known)
            defer { before.close() }
            try before.waitForEvent(.connected)
            coordinator.authenticator?.stop()
            coordinator.authenticator?.stop()
            let after = try coordinator.connect(as: coordinator.known)
            defer { after.close() }
            guard case .handshakeFailed = try after.nextEvent() else { throw TestFailure(message: "let in") }
            #expect(try before.socket.send([1]) == .sent)
            #expect(try coordinator.nextFrame().payload == [1])
        }
    }

    @Test("a context has one authenticator")
    func onlyOne() throws {
        try withCoordinator { coordinator in
            let error = #expect(throws: TransportError.self) {
                try Authenticator(coordinator.context, allowList: AllowList()) { _ in }
            }
            #expect(error?.code == .endpointInUse)
        }
    }

    @Test("an authenticator ends when its context is shut down")
    func shutdown() throws {
        let context = try Context()
        let authenticator = try Authenticator(context, allowList: AllowList()) { _ in }
        context.shutdown()
        authenticator.stop()
        try context.terminate()
    }

    static let junk: [[[UInt8]]] = [
        [[]],
        [Array("1.0".utf8)],
        [Array("1.0".utf8), [1], Array("other".utf8), [], [], Array("CURVE".utf8), [UInt8](repeating: 1, count: 32)],
        [
            Array("2.0".utf8), [1], Array("postrider".utf8), [], [], Array("CURVE".utf8),
            [UInt8](repeating: 1, count: 32),
        ],
        [Array("1.0".utf8), [1], Array("postrider".utf8), [], [], Array("NULL".utf8)],
        [Array("1.0".utf8), [1], Array("postrider".utf8), [], [], Array("PLAIN".utf8), [1], [2]],
        [
            Array("1.0".utf8), [1], Array("postrider".utf8), [], [], Array("CURVE".utf8),
            [UInt8](repeating: 1, count: 31),
        ],
        [Array("1.0".utf8), [UInt8](repeating: 1, count: 70_000), [], [], [], [], []],
        [[UInt8]](repeating: [1], count: 500),
    ]

    @Test("a question that makes no sense is answered with no, and the next one is still answered", arguments: junk)
    func malformedRequests(frames: [[UInt8]]) throws {
        try withCoordinator { coordinator in
            let asker = try OwnedSocket(coordinator.context, type: ZMQ_REQ)
            defer { asker.close() }
            try asker.set(ZMQ_LINGER, Int32(0), "LINGER")
            try asker.connect(Authenticator.address)
            for (index, frame) in frames.enumerated() {
                #expect(try asker.send(frame, hasMore: index < frames.count - 1) == .done)
            }
            try eventually { try asker.receive() }
            var answer = [asker.partBytes]
            while asker.partHasMore, try asker.receive() { answer.append(asker.partBytes) }
            #expect(answer.count == 6)
            #expect(answer[2] == Array("400".utf8))
            let worker = try coordinator.connect(as: coordinator.known)
            defer { worker.close() }
            try worker.waitForEvent(.connected)
        }
    }

    @Test("a flood of refusals is told a few times a second and counted")
    func refusalsAreBounded() throws {
        var reports = RefusalReports()
        let key = try CurveKeyPair.generate().publicKey
        let told = (0..<1_000).compactMap { index in
            reports.report(.unknownKey, key: key, address: "192.0.2.1", at: 5_000 + Int64(index % 999))
        }
        #expect(told.count == Authenticator.reportsPerSecondMax)
        let next = reports.report(.unknownKey, key: key, address: "192.0.2.1", at: 6_000)
        #expect(next?.unreported == 1_000 - Authenticator.reportsPerSecondMax)
        #expect(reports.report(.malformed, key: nil, address: "", at: 6_001)?.unreported == 0)
    }
}
