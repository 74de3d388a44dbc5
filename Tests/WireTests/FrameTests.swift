import Domain
import SwiftProtobuf
import Testing

@testable import Wire

@Suite("Frames")
struct FrameTests {
    @Test("the header is version, type, session and sequence, big-endian")
    func headerBytes() throws {
        let frame = try WorkerMessage.goodbye(WireGoodbye()).frame(session: 0x0102_0304_0506_0708, sequence: 0xfe)
        #expect(frame == [1, 13, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0xfe])
        let header = try FrameHeader(frame: frame)
        #expect(header == FrameHeader(type: .goodbye, session: 0x0102_0304_0506_0708, sequence: 0xfe))
    }

    static let fromWorker: [WorkerMessage] = [
        .hello(
            .with {
                $0.build = "b"
                $0.held = [
                    .with {
                        $0.epoch = 7
                        $0.begun = [1, 2]
                    }
                ]
            }
        ),
        .credit(
            .with {
                $0.nonce = 9
                $0.targets = 1_024
            }
        ),
        .progress(.with { $0.epoch = [1, 2] }),
        .report(
            .with {
                $0.number = 3
                $0.leases = [.with { $0.outcome = [.accepted, .returned] }]
            }
        ),
        .relayState(.with { $0.relay = "main" }),
        .goodbye(WireGoodbye()),
    ]

    @Test("what a worker says is read as it was said", arguments: fromWorker)
    func workerRoundTrip(message: WorkerMessage) throws {
        let framed = try WorkerMessage.decode(message.frame(session: 5, sequence: 6))
        #expect(framed == Framed(header: FrameHeader(type: message.type, session: 5, sequence: 6), message: message))
    }

    static let fromCoordinator: [CoordinatorMessage] = [
        .welcome(
            .with {
                $0.leaseTtl = 60_000
                $0.relays = [.with { $0.name = "main" }]
            }
        ),
        .content(
            .with {
                $0.campaign = 1
                $0.variants = [.with { $0.subject = "Hi {{first_name}}" }]
            }
        ),
        .grant(
            .with {
                $0.position = [1, 2]
                $0.field = [WireStrings()]
            }
        ),
        .renew(.with { $0.nonce = 1 }),
        .recall(.with { $0.epoch = [UInt64.max] }),
        .acknowledge(.with { $0.number = 12 }),
        .problem(
            .with {
                $0.text = "no"
                $0.sessionUnknown = true
            }
        ),
        .forget(.with { $0.campaign = 4 }),
        .withdraw(
            .with {
                $0.epoch = [1, 1, UInt64.max]
                $0.position = [0, 7, 255]
            }
        ),
    ]

    @Test("what the coordinator says is read as it was said", arguments: fromCoordinator)
    func coordinatorRoundTrip(message: CoordinatorMessage) throws {
        let framed = try CoordinatorMessage.decode(message.frame(session: .max, sequence: .max))
        #expect(framed.message == message)
        #expect(framed.header.session == .max)
    }

    @Test("every number of a message belongs to one side", arguments: FrameType.allCases)
    func directions(type: FrameType) throws {
        var frame: [UInt8] = []
        FrameHeader(type: type, session: 1, sequence: 1).append(to: &frame)
        let workerSays = (try? WorkerMessage.decode(frame)) != nil
        let coordinatorSays = (try? CoordinatorMessage.decode(frame)) != nil
        #expect(workerSays != coordinatorSays)
        if !workerSays {
            #expect(throws: FrameError.wrongDirection(type)) { try WorkerMessage.decode(frame) }
        } else {
            #expect(throws: FrameError.wrongDirection(type)) { try CoordinatorMessage.decode(frame) }
        }
    }

    static let broken: [([UInt8], FrameError)] = [
        ([], .tooShort(byteCount: 0)),
        ([UInt8](repeating: 1, count: 17), .tooShort(byteCount: 17)),
        ([2, 1] + [UInt8](repeating: 0, count: 16), .unknownVersion(2)),
        ([0, 1] + [UInt8](repeating: 0, count: 16), .unknownVersion(0)),
        ([1, 0] + [UInt8](repeating: 0, count: 16), .unknownType(0)),
        ([1, 16] + [UInt8](repeating: 0, count: 16), .unknownType(16)),
        ([1, 255] + [UInt8](repeating: 0, count: 16), .unknownType(255)),
        ([1, 3] + [UInt8](repeating: 0, count: 16) + [0xff], .malformed(.credit)),
        ([1, 9] + [UInt8](repeating: 0, count: 16) + [0x12, 0x7f, 0x08], .malformed(.report)),
    ]

    @Test("a broken frame is an error that says what is wrong", arguments: broken)
    func brokenFrames(frame: [UInt8], error: FrameError) {
        #expect(throws: error) { try WorkerMessage.decode(frame) }
        #expect(!error.description.isEmpty)
    }

    @Test("a frame of exactly 4 MiB is made, one of a byte more is not")
    func longest() throws {
        // 5 bytes of tag and length stand before the text.
        let room = FrameHeader.frameBytesMax - FrameHeader.byteCount - 5
        let fits = CoordinatorMessage.problem(.with { $0.text = String(repeating: "x", count: room) })
        #expect(try fits.frame(session: 1, sequence: 1).count == FrameHeader.frameBytesMax)
        let tooLong = CoordinatorMessage.problem(.with { $0.text = String(repeating: "x", count: room + 1) })
        #expect(throws: FrameError.tooLong(byteCount: FrameHeader.frameBytesMax + 1)) {
            try tooLong.frame(session: 1, sequence: 1)
        }
        let received = [UInt8](repeating: 1, count: FrameHeader.frameBytesMax + 1)
        #expect(throws: FrameError.tooLong(byteCount: received.count)) { try WorkerMessage.decode(received) }
    }

    @Test("a message from a newer program is read without what we do not know")
    func unknownFields() throws {
        let credit = WireCredit.with { $0.nonce = 5 }
        var frame = try WorkerMessage.credit(credit).frame(session: 1, sequence: 1)
        // Field 100, a varint.
        frame += [0xa0, 0x06, 0x01]
        #expect(try WorkerMessage.decode(frame).message == .credit(credit))
    }

    @Test("random bytes and damaged frames never do worse than an error", arguments: UInt64(1)...8)
    func hostileBytes(seed: UInt64) throws {
        var random = SplitMix64(seed)
        let samples =
            try Self.fromWorker.map { try $0.frame(session: 1, sequence: 1) }
            + Self.fromCoordinator.map { try $0.frame(session: 1, sequence: 1) }
        for round in 0..<4_000 {
            var frame = samples[round % samples.count]
            switch round % 4 {
            case 0:
                frame = (0..<Int.random(in: 0...64, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            case 1: frame.removeLast(Int.random(in: 0...frame.count, using: &random))
            case 2: frame += (0..<8).map { _ in .random(in: 0...255, using: &random) }
            default: frame[Int.random(in: 0..<frame.count, using: &random)] ^= .random(in: 1...255, using: &random)
            }
            for read in [{ _ = try WorkerMessage.decode(frame) }, { _ = try CoordinatorMessage.decode(frame) }] {
                do { try read() } catch { #expect(error is FrameError) }
            }
        }
    }
}
