import Mail
import Relay
import Testing
import Wire

@testable import WorkerCore

@Suite("What a worker is told of a relay")
struct RelayAddressTests {
    private func timeouts(_ wire: WireRelayTimeouts) throws -> SMTPTimeouts {
        let relay = filled(WireRelay()) {
            $0.name = "main"
            $0.url = "smtp://127.0.0.1:2525"
            $0.tls = "off"
            $0.timeouts = wire
        }
        return try RelayAddress.configuration(relay, connections: 1, hostName: "me.example").timeouts
    }

    @Test("times that are not said are those of RFC 5321")
    func standard() throws { #expect(try self.timeouts(WireRelayTimeouts()) == SMTPTimeouts()) }

    @Test("each time that is said holds for its step, and for no other")
    func said() throws {
        var expected = SMTPTimeouts()
        (expected.connectSeconds, expected.handshakeSeconds) = (2, 2)
        (expected.greetingSeconds, expected.envelopeSeconds, expected.dataSeconds) = (3, 4, 5)
        (expected.blockSeconds, expected.messageSeconds) = (6, 1_800)
        let said = filled(WireRelayTimeouts()) {
            ($0.connect, $0.greeting, $0.reply) = (2_000, 3_000, 4_000)
            ($0.data, $0.block, $0.final) = (5_000, 6_000, 1_800_000)
        }
        #expect(try self.timeouts(said) == expected)
    }

    @Test("nobody can be told to wait for no time, or for ever", arguments: [(UInt32(1), 1.0), (.max, 86_400)])
    func bounds(milliseconds: UInt32, seconds: Double) throws {
        let said = filled(WireRelayTimeouts()) { $0.final = milliseconds }
        #expect(try self.timeouts(said).messageSeconds == seconds)
    }
}
