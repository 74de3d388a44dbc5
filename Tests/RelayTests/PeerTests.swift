import Foundation
import Mail
import NIOCore
import NIOPosix
import TestPorts
import Testing

@testable import Relay

/// Servers that others wrote, from the folder that `POSTRIDER_TEST_PEERS` names: `smtp-sink` and a Python with aiosmtpd.
@Suite("Relay pool against servers that others wrote", .serialized, .timeLimit(.minutes(10)))
struct PeerTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    /// A program that runs as long as the value lives.
    private final class Peer {
        private let process = Process()

        init(_ path: String, _ arguments: [String]) throws {
            self.process.executableURL = URL(fileURLWithPath: path)
            self.process.arguments = arguments
            self.process.standardError = FileHandle.nullDevice
            self.process.standardOutput = FileHandle.nullDevice
            try self.process.run()
        }

        deinit {
            // Not SIGTERM: a child may inherit a mask that blocks it.
            kill(self.process.processIdentifier, SIGKILL)
            self.process.waitUntilExit()
        }
    }

    private static func peer(_ name: String) -> String? {
        guard let folder = ProcessInfo.processInfo.environment["POSTRIDER_TEST_PEERS"] else {
            print("notice: POSTRIDER_TEST_PEERS is not set; \(name) is not tested against")
            return nil
        }
        let path = "\(folder)/\(name)"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            print("notice: there is no \(path); it is not tested against")
            return nil
        }
        return path
    }

    /// Waits until something listens: the pool's own way of waiting takes seconds, for relays do not start every day.
    private func awaitListener(_ port: Int) async throws {
        for _ in 0..<200 {
            let channel = try? await ClientBootstrap(group: self.group).connect(host: "127.0.0.1", port: port).get()
            if let channel { return try await channel.close().get() }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("nothing listens on port \(port)")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let options: [String]
        let tally: [String]
        var testDescription: String { self.options.joined(separator: " ") }
    }

    static let sinkCases: [Case] = [
        Case(options: [], tally: ["250@message"]),
        Case(options: ["-p"], tally: ["250@message"]),
        Case(options: ["-e"], tally: ["250@message"]),
        Case(options: ["-f", "RCPT"], tally: ["500@recipient"]),
        Case(options: ["-r", "RCPT"], tally: ["450@recipient"]),
        Case(options: ["-f", "MAIL"], tally: ["500@sender"]),
        Case(options: ["-r", "DATA"], tally: ["450@data"]),
        Case(options: ["-f", "."], tally: ["500@message"]),
        Case(options: ["-r", "."], tally: ["450@message"]),
        Case(options: ["-q", "."], tally: ["noReply"]),
        Case(options: ["-q", "RCPT"], tally: ["lost"]),
    ]

    @Test("Postfix smtp-sink", arguments: sinkCases)
    func smtpSink(row: Case) async throws {
        guard let path = Self.peer("smtp-sink") else { return }
        let port = try LoopbackPort.free()
        let isRoot = getuid() == 0
        let sink = try Peer(path, (isRoot ? ["-u", "nobody"] : []) + row.options + ["127.0.0.1:\(port)", "100"])
        try await self.awaitListener(port)
        let count: UInt64 = row.tally == ["250@message"] ? 2_000 : 3
        let told = try await run(.local(port, connections: 4), Plan(total: count), on: self.group.any())
        let expected = Set(row.tally)
        #expect(Set(told.tally.keys).subtracting(["notBegun"]) == expected, "\(told.tally)")
        withExtendedLifetime(sink) {}
    }

    private static let server = """
        import sys, ssl, asyncio
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult
        from aiosmtpd.handlers import Sink
        folder, port = sys.argv[1], int(sys.argv[2])
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(folder + "/good.pem", folder + "/good.key")
        def check(server, session, envelope, mechanism, data):
            return AuthResult(success=(data.login == b"user" and data.password == b"secret"), handled=False)
        Controller(Sink(), hostname="127.0.0.1", port=port, tls_context=tls, require_starttls=True, auth_required=True,
                   authenticator=check, auth_exclude_mechanism=sys.argv[3:]).start()
        asyncio.new_event_loop().run_forever()
        """

    @Test("aiosmtpd with STARTTLS and AUTH", arguments: ["LOGIN", "PLAIN"], ["secret", "guess"])
    func aiosmtpd(excluded: String, password: String) async throws {
        guard let python = Self.peer("venv/bin/python"), let certificates = TestCertificates.shared else { return }
        let port = try LoopbackPort.free()
        let peer = try Peer(python, ["-c", Self.server, certificates.folder, String(port), excluded])
        try await self.awaitListener(port)
        var configuration = RelayConfiguration.local(port, host: "localhost", connections: 2)
        configuration.host = "127.0.0.1"
        configuration.tlsPolicy = .required
        configuration.caPEM = certificates.caPEM
        configuration.user = "user"
        configuration.password = password
        let isRight = password == "secret"
        let plan = Plan(total: 20, changesWanted: isRight ? nil : 1)
        let told = try await run(configuration, plan, on: self.group.any())
        if isRight {
            #expect(told.tally == ["250@message": 20])
        } else {
            #expect(told.changes.first??.contains("refused our credentials with 535") == true, "\(told.changes)")
        }
        withExtendedLifetime(peer) {}
    }
}
