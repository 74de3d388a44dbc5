import Foundation
import Synchronization
import Testing

@testable import CLI

@Suite("Child processes")
struct ChildProcessTests {
    private final class Heard: Sendable {
        let lines = Mutex<[String]>([])

        var all: [String] { self.lines.withLock { $0 } }
    }

    /// Runs a shell script to its end.
    private func run(
        _ script: String,
        started: (ChildProcess) -> Void = { _ in }
    ) async throws -> (lines: [String], ending: ChildProcess.Ending) {
        let heard = Heard()
        let (endings, post) = AsyncStream.makeStream(of: ChildProcess.Ending.self)
        let child = try ChildProcess.start(
            "/bin/sh",
            ["-c", script],
            onLine: { line, isError in
                let text = (isError ? "E:" : "") + String(decoding: line, as: UTF8.self)
                heard.lines.withLock { $0.append(text) }
            },
            onEnd: { post.yield($0) }
        )
        started(child)
        for await ending in endings { return (heard.all, ending) }
        throw CancellationError()
    }

    @Test("lines come whole, also the last one without an end, before the news of the end")
    func lines() async throws {
        let (lines, ending) = try await self.run("printf 'a'; printf 'b\\n\\nc\\nlast'; exit 3")
        #expect(lines == ["ab", "", "c", "last"])
        #expect(ending == .exited(3))
    }

    @Test("stderr is told apart")
    func errors() async throws {
        #expect(try await self.run("echo oops >&2").lines == ["E:oops"])
    }

    @Test("a signal ends it, though this process ignores that signal")
    func signals() async throws {
        signal(SIGINT, SIG_IGN)
        let ending = try await self.run("kill -INT $$; echo survived").ending
        #expect(ending == .signalled(SIGINT))
        #expect(try await self.run("read line", started: { $0.signal(SIGTERM) }).ending == .signalled(SIGTERM))
    }

    @Test("it has a process group of its own, and its stdin stays open while we live")
    func group() async throws {
        let (lines, ending) = try await self.run(
            "ps -o pgid= -p $$ | tr -d ' '; echo $$; read line",
            started: { child in
                #expect(getpgid(child.pid) == child.pid || getpgid(child.pid) == -1)
                child.signal(SIGTERM)
            }
        )
        #expect(ending == .signalled(SIGTERM))
        #expect(lines.count <= 2)
    }

    @Test("what does not exist is an error, not an end")
    func missing() {
        #expect(throws: Failure.self) {
            try ChildProcess.start("/nonexistent/program", [], onLine: { _, _ in }, onEnd: { _ in })
        }
    }

    @Test("a stream is cut into lines wherever its pieces end", arguments: [1, 2, 3, 7, 100])
    func splitter(size: Int) throws {
        let bytes = Array("one\ntwo\n\nthree\nrest".utf8)
        var splitter = LineSplitter()
        var lines: [String] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = bytes[start..<min(bytes.count, start + size)]
            lines += try splitter.add(piece).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(lines == ["one", "two", "three"])
        #expect(splitter.rest == Array("rest".utf8))
    }

    @Test("a line without end is given up")
    func endless() {
        var splitter = LineSplitter()
        #expect(throws: Failure.self) {
            _ = try splitter.add([UInt8](repeating: 0x61, count: LineSplitter.lineBytesMax + 1))
        }
    }
}
