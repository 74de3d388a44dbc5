internal import Glibc

/// A file for what is needed for a while, in the data folder, which only its owner may read.
final class ScratchFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Begins the names of all of them.
    static let prefix = "scratch-"

    /// Bytes read at once.
    static let pieceBytes = 1 << 16

    /// Makes a file.
    ///
    /// - Parameter folder: That is there.
    /// - Throws: What the system says.
    init(folder: String) throws(FileFault) {
        self.path = "\(folder)/\(Self.prefix)\(UInt64.random(in: 0 ... .max))"
        self.descriptor = Glibc.open(self.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else { throw FileFault(path: self.path, code: errno) }
    }

    deinit { _ = Glibc.close(self.descriptor) }

    /// Takes the name away; the file is there for as long as it is open.
    func unlink() { _ = Glibc.unlink(self.path) }

    /// Adds bytes at the end.
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileFault) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(self.descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0 {
                guard errno == EINTR else { throw FileFault(path: self.path, code: errno) }
            } else {
                written += count
            }
        }
    }

    /// The bytes from an offset on, at most ``pieceBytes``; none at the end.
    func read(at offset: Int) throws(FileFault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.pieceBytes)
        while true {
            let count = pread(self.descriptor, &bytes, bytes.count, off_t(offset))
            if count >= 0 { return Array(bytes[..<count]) }
            guard errno == EINTR else { throw FileFault(path: self.path, code: errno) }
        }
    }
}
