import CZeroMQ
import Testing

@testable import Transport

@Suite("The encrypted connection", .timeLimit(.minutes(10)))
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

    @Test("ten thousand frames go there and back in order")
    func pingPong() throws {
        try withCoordinator { coordinator in
            let worker = try coordinator.connect(as: coordinator.known)
            defer { worker.close() }
            try worker.waitForEvent(.connected)
            for number in 0..<10_000 {
                let payload = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8), 7]
                guard try worker.socket.send(payload) == .sent else { throw TestFailure(message: "not sent") }
                let received = try coordinator.nextFrame()
                guard received.payload == payload else { throw TestFailure(message: "out of order at \(number)") }
                guard try coordinator.router.send(payload, to: received.routing) == .sent else {
                    throw TestFailure(message: "no answer sent")
                }
                guard try worker.nextMessage() == .frame(payload) else { throw TestFailure(message: "wrong answer") }
            }
        }
    }

    @Test("a frame of 4 MiB arrives, a longer one is refused before it leaves, an empty one arrives")
    func lengths() throws {
        try withCoordinator { coordinator in
            let worker = try coordinator.connect(as: coordinator.known)
            defer { worker.close() }
            try worker.waitForEvent(.connected)
            let longest = [UInt8](repeating: 5, count: SocketLimits.frameBytesMax)
            #expect(try worker.socket.send(longest) == .sent)
            let received = try coordinator.nextFrame()
            #expect(received.payload.count == longest.count)
            #expect(throws: TransportError.self) { try worker.socket.send(longest + [5]) }
            #expect(throws: TransportError.self) { try coordinator.router.send(longest + [5], to: received.routing) }
            #expect(try worker.socket.send([]) == .sent)
            #expect(try coordinator.nextFrame().payload == [])
        }
    }

    @Test("a peer that sends more than 4 MiB is cut off, and nobody else")
    func oversized() throws {
        try withCoordinator { coordinator in
            let good = try coordinator.connect(as: coordinator.known)
            defer { good.close() }
            let bad = try coordinator.connect(as: coordinator.known)
            defer { bad.close() }
            try good.waitForEvent(.connected)
            try bad.waitForEvent(.connected)
            let tooLong = [UInt8](repeating: 5, count: SocketLimits.frameBytesMax + 1)
            #expect(try bad.socket.socket.send(tooLong) == .done)
            try bad.waitForEvent(.disconnected)
            #expect(try good.socket.send([1]) == .sent)
            #expect(try coordinator.nextFrame().payload == [1])
            while let event = try good.socket.nextEvent() { #expect(event != .disconnected) }
        }
    }

    @Test("messages of several parts are thrown away and laid to the sender's name", arguments: [2, 3, 50])
    func multipart(parts: Int) throws {
        try withCoordinator { coordinator in
            let worker = try coordinator.connect(as: coordinator.known)
            defer { worker.close() }
            try worker.waitForEvent(.connected)
            for index in 0..<parts {
                #expect(try worker.socket.socket.send([9], hasMore: index < parts - 1) == .done)
            }
            #expect(try worker.socket.send([1]) == .sent)
            guard case .malformed("worker-1", _, parts) = try coordinator.next() else {
                throw TestFailure(message: "the parts were taken for a frame")
            }
            let after = try coordinator.nextFrame()
            #expect(after.payload == [1])

            // The same the other way.
            let raw = coordinator.router.socket
            _ = try raw.send(after.routing, hasMore: true)
            for index in 0..<parts { _ = try raw.send([8], hasMore: index < parts - 1) }
            #expect(try worker.nextMessage() == .malformed(parts: parts))
        }
    }

    @Test("a frame for somebody who is not there is told", arguments: [[], [0, 1, 2, 3, 4], [65]] as [[UInt8]])
    func unknownPeer(routing: [UInt8]) throws {
        try withCoordinator { coordinator in
            let outcome = try coordinator.router.send([1], to: routing)
            #expect(outcome == .peerGone)
        }
    }

    @Test("a worker that went away is told at the next frame for it")
    func departedPeer() throws {
        try withCoordinator { coordinator in
            let worker = try coordinator.connect(as: coordinator.known)
            try worker.waitForEvent(.connected)
            #expect(try worker.socket.send([1]) == .sent)
            let routing = try coordinator.nextFrame().routing
            worker.close()
            try eventually { try coordinator.router.send([2], to: routing) == .peerGone }
        }
    }

    @Test("a worker that does not read fills up, without holding up another")
    func fullPeer() throws {
        try withCoordinator { coordinator in
            let deaf = try coordinator.connect(as: coordinator.known)
            defer { deaf.close() }
            try deaf.waitForEvent(.connected)
            #expect(try deaf.socket.send([1]) == .sent)
            let routing = try coordinator.nextFrame().routing
            let frame = [UInt8](repeating: 0, count: 1 << 14)
            // What the kernel's buffers and both queues hold is far below this.
            var outcome = SendOutcome.sent
            for _ in 0..<10_000 where outcome == .sent { outcome = try coordinator.router.send(frame, to: routing) }
            #expect(outcome == .full)

            let other = try coordinator.connect(as: coordinator.known)
            defer { other.close() }
            try other.waitForEvent(.connected)
            #expect(try other.socket.send([2]) == .sent)
            let received = try coordinator.nextFrame()
            #expect(try coordinator.router.send([3], to: received.routing) == .sent)
            #expect(try other.nextMessage() == .frame([3]))
        }
    }

    @Test("a worker without a connection keeps its frame")
    func noConnection() throws {
        let context = try Context()
        let keys = try CurveKeyPair.generate()
        let dealer = try DealerSocket(
            context,
            keys: keys,
            coordinator: keys.publicKey,
            endpoint: Endpoint("ipc:///nonexistent/socket")
        )
        #expect(try dealer.send([1]) == .full)
        dealer.close()
        try context.terminate()
    }

    @Test("a worker finds a coordinator that starts later, and one that restarts")
    func reconnects() throws {
        let first = try TestCoordinator()
        let endpoint = first.router.endpoint
        let worker = try TestWorker(.curve(first.known, server: first.keys.publicKey), endpoint)
        defer { worker.close() }
        try worker.waitForEvent(.connected)
        first.router.close()
        try worker.waitForEvent(.disconnected)
        let router = try RouterSocket(
            first.context,
            keys: first.keys,
            authenticator: #require(first.authenticator),
            endpoint: endpoint
        )
        try worker.waitForEvent(.connected)
        router.close()
        first.authenticator?.stop()
        try first.context.terminate()
    }

    @Test("a routing id that a peer chose itself does not take over another's connection")
    func noHandover() throws {
        try withCoordinator { coordinator in
            let thief = coordinator.known
            let context = try Context()
            let sockets = try (0..<2).map { _ in try OwnedSocket(context, type: ZMQ_DEALER) }
            defer { for socket in sockets { socket.close() } }
            for (index, socket) in sockets.enumerated() {
                try socket.set(ZMQ_LINGER, Int32(0), "LINGER")
                try socket.set(ZMQ_ROUTING_ID, Array("same".utf8), "ROUTING_ID")
                try socket.set(ZMQ_CURVE_SERVERKEY, coordinator.keys.publicKey.bytes, "CURVE_SERVERKEY")
                try socket.set(ZMQ_CURVE_PUBLICKEY, thief.publicKey.bytes, "CURVE_PUBLICKEY")
                try socket.set(ZMQ_CURVE_SECRETKEY, thief.secretKey.bytes, "CURVE_SECRETKEY")
                try socket.connect(coordinator.router.endpoint.text)
                _ = try socket.send([UInt8(index)])
                if index == 0 { #expect(try coordinator.nextFrame().payload == [0]) }
            }
            // The second one's handshake is over once a third is served.
            let third = try coordinator.connect(as: coordinator.known)
            defer { third.close() }
            try third.waitForEvent(.connected)
            #expect(try coordinator.router.send([7], to: Array("same".utf8)) == .sent)
            try eventually { try sockets[0].receive() }
            #expect(sockets[0].partBytes == [7])
        }
    }

    @Test("a second coordinator on one address is told that it is in use")
    func addressInUse() throws {
        try withCoordinator { coordinator in
            let error = #expect(throws: TransportError.self) {
                try RouterSocket(
                    coordinator.context,
                    keys: coordinator.keys,
                    authenticator: #require(coordinator.authenticator),
                    endpoint: coordinator.router.endpoint
                )
            }
            #expect(error?.code == .endpointInUse)
        }
    }
}
