import Dispatch
import Foundation
import Synchronization

/// A child process whose output comes in lines, and whose stdin ends when this process does.
final class ChildProcess: Sendable {
    /// How a process ended.
    enum Ending: Hashable, Sendable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        var description: String {
            switch self {
            case .exited(let code): "exit code \(code)"
            case .signalled(let signal): "signal \(signal)"
            }
        }
    }

    /// Time for the lines that were written just before the end.
    private static let lastLinesTimeout = DispatchTimeInterval.seconds(1)

    let pid: pid_t
    /// The end of the child's stdin that is kept open, so that its end means ours; -1 once the child is gone.
    private let lifeline: Mutex<CInt>

    private init(pid: pid_t, lifeline: CInt) {
        self.pid = pid
        self.lifeline = Mutex(lifeline)
    }

    /// Starts `path` with `arguments`.
    ///
    /// - Parameters:
    ///   - path: Absolute.
    ///   - arguments: Without the program's own name.
    ///   - onLine: Called for each line of output, on a thread of its own; stderr when `isError`.
    ///   - onEnd: Called once, after the process was waited for.
    /// - Returns: The running process.
    /// - Throws: When the system cannot start it.
    static func start(
        _ path: String,
        _ arguments: [String],
        onLine: @escaping @Sendable (_ line: [UInt8], _ isError: Bool) -> Void,
        onEnd: @escaping @Sendable (Ending) -> Void
    ) throws(Failure) -> ChildProcess {
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        defer { for end in [input.reading, output.writing, errors.writing] { close(end) } }
        let pid: pid_t
        do {
            pid = try Self.spawn(path, arguments, [input.reading, output.writing, errors.writing])
        } catch {
            for end in [input.writing, output.reading, errors.reading] { close(end) }
            throw error
        }
        let child = ChildProcess(pid: pid, lifeline: input.writing)
        let readers = DispatchGroup()
        for (end, isError) in [(output.reading, false), (errors.reading, true)] {
            readers.enter()
            Thread.detachNewThread {
                LineReader.run(end) { onLine($0, isError) }
                readers.leave()
            }
        }
        Thread.detachNewThread {
            let ending = child.wait()
            // Its last lines come before the news of its end, unless a grandchild keeps the pipe open.
            _ = readers.wait(timeout: .now() + Self.lastLinesTimeout)
            onEnd(ending)
        }
        return child
    }

    /// Sends a signal, unless the process is gone.
    func signal(_ number: CInt) {
        // Under the lock that waiting takes: a number that was waited for may belong to somebody else by now.
        self.lifeline.withLock { if $0 >= 0 { kill(self.pid, number) } }
    }

    private func wait() -> Ending {
        var info = siginfo_t()
        while waitid(P_PID, id_t(self.pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        var status: CInt = 0
        self.lifeline.withLock { lifeline in
            while waitpid(self.pid, &status, 0) < 0, errno == EINTR {}
            close(lifeline)
            lifeline = -1
        }
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }

    private static func spawn(_ path: String, _ arguments: [String], _ standard: [CInt]) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, end) in standard.enumerated() { posix_spawn_file_actions_adddup2(&actions, end, CInt(number)) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C is for us, who end the children in order. And no signal stays ignored or blocked in it.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, &attributes, &words, environ)
        guard code == 0 else {
            throw Failure(.failed, "cannot start \(path): \(String(cString: strerror(code)))")
        }
        return pid
    }
}

/// Two ends that no child inherits.
private struct Pipe {
    let reading: CInt
    let writing: CInt

    init() throws(Failure) {
        var ends: [CInt] = [0, 0]
        // Nobody else in this process starts children, so nothing can be started between the two calls.
        guard pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
            throw Failure(.failed, "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        self.reading = ends[0]
        self.writing = ends[1]
    }
}

/// Reads a descriptor to its end, line by line.
enum LineReader {
    /// A longer line is passed on in parts.
    static let lineBytesMax = 1_048_576

    static func run(_ descriptor: CInt, _ onLine: ([UInt8]) -> Void) {
        var kept: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            for part in chunk[..<count].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated()
            {
                // Every part but the first begins behind a line end.
                if part.offset > 0 {
                    onLine(kept)
                    kept.removeAll(keepingCapacity: true)
                }
                kept += part.element
            }
            if kept.count > Self.lineBytesMax {
                onLine(kept)
                kept = []
            }
        }
        if !kept.isEmpty { onLine(kept) }
        close(descriptor)
    }
}
