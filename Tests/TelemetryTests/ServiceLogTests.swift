import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

/// A pipe, and a thread of its own that reads it: the tests' own threads may all be busy waiting.
private final class TestPipe: Sendable {
    private let pipe = Pipe()
    private let text = Mutex(Data())
    private let finished = DispatchSemaphore(value: 0)

    var input: Int32 { self.pipe.fileHandleForWriting.fileDescriptor }

    /// Begins to read.
    ///
    /// Until then the pipe's reader is stuck.
    func startReading() {
        let thread = Thread { [self] in
            let data = self.pipe.fileHandleForReading.readDataToEndOfFile()
            self.text.withLock { $0 = data }
            self.finished.signal()
        }
        thread.start()
    }

    /// Everything that was written, once the last writer is done.
    func finish() -> Data {
        self.pipe.fileHandleForWriting.closeFile()
        self.finished.wait()
        return self.text.withLock { $0 }
    }

    func closeReader() { self.pipe.fileHandleForReading.closeFile() }
}

@Suite("A service's log")
struct ServiceLogTests {
    @Test("a logger writes its event, label and fields")
    func logger() {
        let pipe = TestPipe()
        pipe.startReading()
        let log = ServiceLog(format: .json, level: .info, descriptor: pipe.input) { 0 }
        let logger = Logger(label: "api") { log.handler(label: $0) }.with(.worker, "local-1")
        logger.event(.ready, "Ready", [.listen: "127.0.0.1:7701", .worker: "local-2"])
        logger.event(.request, level: .debug, "Not logged", [.path: "x"])
        logger.error("Plain", metadata: ["k": "v"])
        #expect(log.output.flush())
        #expect(
            String(decoding: pipe.finish(), as: UTF8.self) == """
                {"ts":"1970-01-01T00:00:00.000Z","level":"info","event":"ready","msg":"Ready",\
                "listen":"127.0.0.1:7701","logger":"api","worker":"local-2"}
                {"ts":"1970-01-01T00:00:00.000Z","level":"error","event":"message","msg":"Plain",\
                "k":"v","logger":"api","worker":"local-1"}

                """
        )
    }

    @Test("fields of a line that is not logged are never built")
    func lazyFields() {
        let log = ServiceLog(format: .json, level: .info, descriptor: -1)
        let logger = Logger(label: "") { log.handler(label: $0) }
        var built = 0
        func count() -> Logger.MetadataValue {
            built += 1
            return "x"
        }
        logger.event(.request, level: .debug, "m", [.path: count()])
        #expect(built == 0)
    }

    @Test("a new level acts on loggers that exist, but not on one with a level of its own")
    func level() {
        let log = ServiceLog(format: .json, level: .info, descriptor: -1)
        let follows = Logger(label: "") { log.handler(label: $0) }
        var own = follows
        own.logLevel = .error
        #expect(follows.logLevel == .info)
        log.level = .debug
        #expect(follows.logLevel == .debug)
        #expect(own.logLevel == .error)
    }

    @Test("lines of many threads stay whole and each thread's stay in order")
    func threads() async throws {
        let pipe = TestPipe()
        pipe.startReading()
        let log = ServiceLog(format: .json, level: .info, descriptor: pipe.input) { 0 }
        await withTaskGroup { group in
            for thread in 0..<8 {
                group.addTask {
                    let logger = Logger(label: "t\(thread)") { log.handler(label: $0) }
                    for number in 0..<200 { logger.event(.throughput, "m", [.count: .number(number)]) }
                }
            }
        }
        #expect(log.output.flush(withinMilliseconds: 10_000))
        var next: [String: Int] = [:]
        for line in pipe.finish().split(separator: 0x0A) {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            let logger = try #require(object["logger"] as? String)
            #expect(object["count"] as? Int == next[logger, default: 0])
            next[logger, default: 0] += 1
        }
        #expect(next.count == 8 && next.values.allSatisfy { $0 == 200 })
    }

    @Test("a reader that does not read never holds the service up; what is lost is counted and told")
    func stuckReader() {
        let pipe = TestPipe()
        let output = LineOutput(descriptor: pipe.input) { Array("\($0)\n".utf8) }
        let line = [UInt8](repeating: 0x61, count: 65_535) + [0x0A]
        // More than the pipe and the waiting room hold together; each call returns although nobody reads.
        let room = LineOutput.waitingBytesMax / line.count
        let written = 2 * room + 8
        for _ in 0..<written { output.write(line) }
        let lost = output.lostLines
        #expect(lost >= room)
        #expect(!output.flush(withinMilliseconds: 1), "nobody read yet")

        pipe.startReading()
        #expect(output.flush(withinMilliseconds: 10_000))
        let lines = pipe.finish().split(separator: 0x0A)
        let notices = lines.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
        #expect(notices.reduce(0, +) == lost)
        #expect(lines.count - notices.count == written - lost)
    }

    @Test("a reader that went away costs its lines and nothing else")
    func closedReader() {
        signal(SIGPIPE, SIG_IGN)
        let pipe = TestPipe()
        pipe.closeReader()
        let output = LineOutput(descriptor: pipe.input) { _ in [] }
        output.write(Array("x\n".utf8))
        #expect(output.flush())
    }
}
