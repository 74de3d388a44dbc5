import Foundation
import NIOCore

/// `NAME.rejects.csv`: the rows of a file that could not be used, beside it.
final class RejectsFile: Sendable {
    let path: String
    private let partial: String
    private let descriptor: CInt

    private init(path: String, partial: String, descriptor: CInt) {
        self.path = path
        self.partial = partial
        self.descriptor = descriptor
    }

    /// The name for the rejects of `file`: in its folder, without its last extension.
    ///
    /// A pipe has no folder worth the name: its rejects go to the current one.
    static func path(beside file: String, isRegular: Bool = true) -> String {
        let url = URL(fileURLWithPath: isRegular ? file : URL(fileURLWithPath: file).lastPathComponent)
        let name = url.deletingPathExtension().lastPathComponent
        return url.deletingLastPathComponent().appendingPathComponent("\(name).rejects.csv").path
    }

    /// Begins the file; an older one stays until this one is whole.
    static func open(beside file: String, isRegular: Bool) throws(Failure) -> RejectsFile {
        let path = Self.path(beside: file, isRegular: isRegular)
        let partial = "\(path).\(getpid()).part"
        // What people wrote about themselves is nobody else's to read.
        let descriptor = Foundation.open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure(
                .failed,
                "the rejected rows cannot be written to \(path): \(reason)"
            )
        }
        return RejectsFile(path: path, partial: partial, descriptor: descriptor)
    }

    func write(_ chunk: ByteBuffer) throws(Failure) {
        guard writeAll(Array(chunk.readableBytesView), to: self.descriptor) else { throw self.failure }
    }

    /// Puts the file in its place.
    func finish() throws(Failure) {
        guard rename(self.partial, self.path) == 0 else { throw self.failure }
        close(self.descriptor)
    }

    func discard() {
        close(self.descriptor)
        unlink(self.partial)
    }

    private var failure: Failure {
        let reason = String(cString: strerror(errno))
        return Failure(
            .failed,
            "the rejected rows cannot be written to \(self.path): \(reason)"
        )
    }
}
