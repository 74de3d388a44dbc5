import Glibc
import Synchronization

/// The process's own output: stdout in blocks, stderr at once.
///
/// A reader that went away (`postrider campaign targets c1 | head`) is no error: the rest is nobody's, and the process ends.
final class Terminal: Sendable {
    let isOutputTerminal: Bool
    let isErrorTerminal: Bool
    /// Colours of stdout and of stderr.
    let output: Style
    let error: Style

    /// Bytes kept before they are written: a campaign's targets come in millions of lines.
    private static let bufferBytesMax = 65_536
    private let buffer = Mutex<[UInt8]>([])

    init(environment: [String: String]) {
        self.isOutputTerminal = isatty(STDOUT_FILENO) == 1
        self.isErrorTerminal = isatty(STDERR_FILENO) == 1
        // https://no-color.org: any value that is not empty turns colours off.
        let allowsColour = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        self.output = Style(isEnabled: allowsColour && self.isOutputTerminal)
        self.error = Style(isEnabled: allowsColour && self.isErrorTerminal)
    }

    /// Writes a line to stdout.
    func line(_ text: String) {
        self.buffer.withLock { buffer in
            buffer += text.utf8
            buffer.append(UInt8(ascii: "\n"))
            if buffer.count >= Self.bufferBytesMax || self.isOutputTerminal { Self.empty(&buffer) }
        }
    }

    /// Writes bytes to stdout as they are.
    func bytes(_ bytes: some Sequence<UInt8>) {
        self.buffer.withLock { buffer in
            buffer += bytes
            if buffer.count >= Self.bufferBytesMax { Self.empty(&buffer) }
        }
    }

    /// Hands everything kept to the system.
    func flush() {
        self.buffer.withLock { Self.empty(&$0) }
    }

    /// Writes a line to stderr.
    func note(_ text: String) {
        self.raw("\(text)\n")
    }

    /// Writes text to stderr as it is, for lines that change in place.
    func raw(_ text: String) {
        // Who closed stderr does not want to know.
        _ = writeAll(Array(text.utf8), to: STDERR_FILENO)
    }

    /// Columns of the terminal on stderr.
    var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static func empty(_ buffer: inout [UInt8]) {
        guard !buffer.isEmpty else { return }
        let isWritten = writeAll(buffer, to: STDOUT_FILENO)
        buffer.removeAll(keepingCapacity: true)
        if !isWritten {
            // Only a reader that left is none of our business; a full disk behind `> file` is a failure.
            let status = errno == EPIPE ? CommandStatus.done : .failed
            if status == .failed { _ = writeAll(Array("error: cannot write the output\n".utf8), to: STDERR_FILENO) }
            _exit(status.rawValue)
        }
    }
}

/// Writes everything.
///
/// - Returns: `false` when the descriptor takes no more; `errno` says why.
func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 {
            if errno == EINTR { continue }
            if errno == EAGAIN {
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = Glibc.poll(&poll, 1, -1)
                continue
            }
            return false
        }
        rest = rest.dropFirst(count)
    }
    return true
}
