import Domain
import Glibc
import NIOCore
import Synchronization

/// A file that is sent piece by piece: the coordinator's pace is ours, and memory does not grow with the file.
final class FileUpload: Sendable {
    /// How far the sending is.
    struct Progress: Sendable {
        var bytes: Int
        /// `nil` for pipes.
        var length: Int?
        var bytesPerSecond: Double?
        var secondsLeft: Double?
    }

    /// Bytes of one piece.
    static let chunkBytes = 262_144

    private let descriptor: CInt
    private let path: String
    /// `nil` for what is no regular file.
    let length: Int?

    private init(descriptor: CInt, path: String, length: Int?) {
        self.descriptor = descriptor
        self.path = path
        self.length = length
    }

    /// Opens a regular file, or a pipe that a shell made (`/dev/stdin`, `<(…)`).
    ///
    /// - Throws: What else is refused: a device never ends, and a pipe with a name waits for somebody to write.
    static func open(_ path: String) throws(Failure) -> FileUpload {
        // Without O_NONBLOCK it is opening that waits.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw Failure(.badInput, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            Glibc.close(descriptor)
            throw Failure(.badInput, "\(path) is a folder; name one file in it")
        }
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        guard isRegular || status.st_mode & S_IFMT == S_IFIFO && !Self.hasName(path) else {
            Glibc.close(descriptor)
            throw Failure(
                .badInput,
                "\(path) is no file: name one, or pipe it in: … | postrider … /dev/stdin"
            )
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        return FileUpload(descriptor: descriptor, path: path, length: isRegular ? Int(status.st_size) : nil)
    }

    /// Whether a pipe stands in a folder, where it is found when links are followed.
    private static func hasName(_ path: String) -> Bool {
        var status = stat()
        guard let real = realpath(path, nil) else { return false }
        defer { free(real) }
        return lstat(real, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    }

    func close() { Glibc.close(self.descriptor) }

    /// The file's bytes; `report` is called at most ten times a second.
    func chunks(_ report: @escaping @Sendable (Progress) -> Void) -> Chunks {
        Chunks(upload: self, report: report)
    }

    struct Chunks: AsyncSequence, Sendable {
        typealias Element = ByteBuffer

        let upload: FileUpload
        let report: @Sendable (Progress) -> Void

        func makeAsyncIterator() -> Iterator { Iterator(upload: self.upload, report: self.report) }
    }

    struct Iterator: AsyncIteratorProtocol {
        private let upload: FileUpload
        private let report: @Sendable (Progress) -> Void
        private let clock = ContinuousClock()
        private let start = ContinuousClock.now
        private var sent = 0
        private var rate = RateEstimate()
        private var lastReport: ContinuousClock.Instant?

        init(upload: FileUpload, report: @escaping @Sendable (Progress) -> Void) {
            self.upload = upload
            self.report = report
        }

        mutating func next() async throws -> ByteBuffer? {
            // The length was announced: a file that grows meanwhile is sent as it was.
            let room = min(FileUpload.chunkBytes, (self.upload.length ?? .max) - self.sent)
            let chunk = room > 0 ? try self.upload.read(room) : ByteBuffer()
            if let length = self.upload.length, chunk.readableBytes == 0, self.sent < length {
                throw self.upload.shortened
            }
            self.sent += chunk.readableBytes
            self.tell(isLast: chunk.readableBytes == 0 || self.sent == self.upload.length)
            return chunk.readableBytes == 0 ? nil : chunk
        }

        private mutating func tell(isLast: Bool) {
            let now = self.clock.now
            if let lastReport, !isLast, now - lastReport < .milliseconds(100) { return }
            self.lastReport = now
            self.rate.add(self.sent, atSeconds: (now - self.start).inSeconds)
            let left = self.upload.length.flatMap { self.rate.secondsLeft(to: $0) }
            self.report(
                Progress(
                    bytes: self.sent,
                    length: self.upload.length,
                    bytesPerSecond: self.rate.perSecond,
                    secondsLeft: left
                )
            )
        }
    }

    private var shortened: Failure { Failure(.failed, "\(self.path) became shorter while it was read") }

    private func read(_ count: Int) throws(Failure) -> ByteBuffer {
        var buffer = ByteBuffer()
        while true {
            var code: CInt = 0
            let got = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
                let got = Glibc.read(self.descriptor, space.baseAddress, min(count, space.count))
                if got < 0 { code = errno }
                return max(0, got)
            }
            if got == 0, code == EINTR { continue }
            guard code == 0 else {
                throw Failure(.failed, "cannot read \(self.path): \(String(cString: strerror(code)))")
            }
            return buffer
        }
    }
}
