import Testing

@testable import Transport

@Suite("The self-test at start-up", .timeLimit(.minutes(10)))
struct SelfTestTests {
    @Test("a protected coordinator passes, also where it listens everywhere")
    func passes() throws {
        try withCoordinator { coordinator in
            #expect(throws: Never.self) {
                try SelfTest.requireStrangersRefused(
                    at: coordinator.router.endpoint,
                    coordinator: coordinator.keys.publicKey
                )
            }
            let everywhere = try RouterSocket(
                coordinator.context,
                keys: coordinator.keys,
                authenticator: #require(coordinator.authenticator),
                endpoint: Endpoint("tcp://*:*")
            )
            defer { everywhere.close() }
            #expect(throws: Never.self) {
                try SelfTest.requireStrangersRefused(
                    at: everywhere.endpoint,
                    coordinator: coordinator.keys.publicKey
                )
            }
        }
    }

    @Test(
        "a coordinator with a part of its protection missing does not pass",
        arguments: [
            (TestCoordinator.Weakness.openHouse, "a client with an unknown key was let in"),
            (.noAuthenticator, "not by the authenticator"),
            (.noKeys, "not by the authenticator"),
        ]
    )
    func fails(weakness: TestCoordinator.Weakness, words: String) throws {
        try withCoordinator(weakness) { coordinator in
            let error = #expect(throws: TransportError.self) {
                try SelfTest.requireStrangersRefused(
                    at: coordinator.router.endpoint,
                    coordinator: coordinator.keys.publicKey
                )
            }
            #expect(error?.code == .selfTest)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }

    @Test("a stranger without a key who is let in is noticed by itself")
    func letsPlainIn() throws {
        try withCoordinator(.noKeys) { coordinator in
            let worker = try TestWorker(.none, coordinator.router.endpoint)
            defer { worker.close() }
            let error = #expect(throws: TransportError.self) {
                try SelfTest.requireRefused(.noKey, worker.socket, patienceMilliseconds)
            }
            #expect(error?.message == "a client without a key was let in")
        }
    }

    @Test("a coordinator that is not there does not pass")
    func nobodyThere() throws {
        let keys = try CurveKeyPair.generate()
        let error = #expect(throws: TransportError.self) {
            try SelfTest.requireStrangersRefused(
                at: Endpoint("ipc:///nonexistent/socket"),
                coordinator: keys.publicKey,
                timeoutMilliseconds: 50
            )
        }
        #expect(error?.code == .selfTest)
    }
}
