import Foundation
import Mail
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import Relay

/// Certificates made by openssl for this run: one authority, and a good, an expired and a wrong one.
struct TestCertificates: Sendable {
    let caPEM: String
    let folder: String

    static let shared: TestCertificates? = try? TestCertificates()

    init() throws {
        let folder = NSTemporaryDirectory() + "relay-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let script = """
            set -e
            key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
            openssl req -x509 $key -keyout ca.key -out ca.pem -days 2 -subj "/CN=Test authority"
            make() {
                openssl req $key -keyout $1.key -out $1.csr -subj "/CN=$1"
                printf 'subjectAltName=%s' "$2" > $1.ext
                openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $1.ext -days $3 -out $1.pem
            }
            make good DNS:localhost,IP:127.0.0.1 2
            make expired DNS:localhost,IP:127.0.0.1 -1
            make wrong DNS:other.example,IP:192.0.2.1 2
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        self.folder = folder
        self.caPEM = try String(contentsOfFile: folder + "/ca.pem", encoding: .utf8)
    }

    func server(_ name: String) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile("\(self.folder)/\(name).pem").map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(file: "\(self.folder)/\(name).key", format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        )
    }
}

@Suite("Encryption towards a relay", .serialized, .timeLimit(.minutes(10)))
struct TLSTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var certificate: String? = "good"
        var host = "localhost"
        var policy = TLSPolicy.required
        var isImplicit = false
        var trustsAuthority = true
        var password: String?
        var mischief = Mischief.none
        var extensions = ["PIPELINING", "AUTH PLAIN LOGIN"]
        /// Part of the problem that is reported; `nil` when the message arrives.
        var problem: String?
        var testDescription: String { self.name }
    }

    static let cases: [Case] = [
        Case(name: "good by name"),
        Case(name: "good by address", host: "127.0.0.1"),
        Case(name: "good, implicit", isImplicit: true),
        Case(name: "good, implicit, by address", host: "127.0.0.1", isImplicit: true),
        Case(name: "good, with credentials", password: "secret"),
        Case(name: "good, implicit, with credentials", isImplicit: true, password: "secret"),
        Case(name: "wrong password", password: "guess", problem: "refused our credentials with 535 5.7.8 wrong"),
        Case(name: "expired", certificate: "expired", problem: "TLS failed: the relay's certificate expired on 20"),
        Case(name: "expired, implicit", certificate: "expired", isImplicit: true, problem: "certificate expired on"),
        Case(name: "wrong name", certificate: "wrong", problem: "is not for localhost, the host that the settings"),
        Case(name: "wrong address", certificate: "wrong", host: "127.0.0.1", problem: "is not for 127.0.0.1, the host"),
        Case(name: "wrong name, implicit", certificate: "wrong", isImplicit: true, problem: "is not for localhost"),
        Case(name: "unknown authority", trustsAuthority: false, problem: "not from an authority"),
        Case(name: "STARTTLS stripped", certificate: nil, problem: "offers no STARTTLS"),
        Case(
            name: "STARTTLS stripped, with credentials",
            certificate: nil,
            password: "secret",
            problem: "offers no STARTTLS"
        ),
        Case(
            name: "injected reply",
            password: "secret",
            mischief: .inject,
            problem: "sent bytes after its answer to STARTTLS"
        ),
        Case(name: "opportunistic, wrong name", certificate: "wrong", policy: .opportunistic),
        Case(name: "opportunistic, none offered", certificate: nil, policy: .opportunistic),
        Case(
            name: "opportunistic, wrong name, with credentials",
            certificate: "wrong",
            policy: .opportunistic,
            password: "secret",
            problem: "TLS failed"
        ),
        Case(name: "off", policy: .off),
        Case(name: "off, with credentials", policy: .off, password: "secret", problem: "never sent without encryption"),
    ]

    @Test("a message goes only where policy lets it", arguments: cases)
    func policy(row: Case) async throws {
        guard let certificates = TestCertificates.shared else {
            print("notice: openssl made no certificates; encryption is not tested")
            return
        }
        var options = ScriptedRelay.Options()
        options.tls = try row.certificate.map { try certificates.server($0) }
        options.isImplicitTLS = row.isImplicit
        options.mischief = row.mischief
        options.extensions = row.extensions
        let relay = try await ScriptedRelay.start(options, on: self.group)
        var configuration = RelayConfiguration.local(relay.port, host: row.host)
        configuration.implicitTLS = row.isImplicit
        configuration.tlsPolicy = row.policy
        configuration.caPEM = row.trustsAuthority ? certificates.caPEM : nil
        configuration.user = row.password == nil ? "" : "user"
        configuration.password = row.password ?? ""
        var plan = Plan(total: 2)
        if row.problem != nil { plan.changesWanted = 1 }
        let told = try await run(configuration, plan, on: self.group.any())
        if let problem = row.problem {
            #expect(told.changes.first??.contains(problem) == true, "\(told.changes)")
            #expect(relay.seen.messages.isEmpty && !relay.seen.verbs.contains("MAIL"))
            if row.password != nil, row.password != "guess" { #expect(!relay.seen.reads.joined().contains("AUTH")) }
            // Whoever put bytes behind the relay's answer gets no word more from us.
            if row.mischief == .inject { #expect(relay.seen.reads.last == "STARTTLS\r\n") }
        } else {
            #expect(told.tally == ["250@message": 2])
            #expect(relay.seen.verbs.contains("AUTH") == (row.password != nil))
        }
        try await relay.stop()
    }

    @Test("trusted certificates that cannot be read are reported, not skipped")
    func badAuthority() async throws {
        let relay = try await ScriptedRelay.start(on: self.group)
        var configuration = RelayConfiguration.local(relay.port)
        configuration.implicitTLS = true
        configuration.caPEM = "no certificate"
        let told = try await run(configuration, Plan(total: 1, changesWanted: 1), on: self.group.any())
        #expect(told.changes.first??.contains("cannot be set up") == true)
        try await relay.stop()
    }

    @Test("a handshake that is not answered ends at its limit")
    func silentHandshake() async throws {
        // A relay in the clear that says nothing is one that never answers a handshake.
        var options = ScriptedRelay.Options()
        options.mischief = .silent(at: "CONNECT")
        let relay = try await ScriptedRelay.start(options, on: self.group)
        var configuration = RelayConfiguration.local(relay.port)
        configuration.implicitTLS = true
        configuration.timeouts.handshakeSeconds = 0.2
        let told = try await run(configuration, Plan(total: 1, changesWanted: 1), on: self.group.any())
        #expect(told.changes.first??.contains("timed out") == true, "\(told.changes)")
        try await relay.stop()
    }
}
