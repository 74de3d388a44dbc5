import Domain
import Glibc
import UserFiles

/// A file with one token: a line of letters and digits that stands for a role.
enum TokenFile {
    /// Characters of a token that is made here: 32 random bytes in hexadecimal.
    private static let randomBytes = 32
    /// Longest token that is read.
    private static let bytesMax = 1_024

    /// Reads the token; the file must be its owner's alone.
    static func read(_ path: String) throws(Failure) -> Secret {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure(
                errno == EACCES ? .notAllowed : .usage,
                "cannot read the token in \(path): \(reason); --token-file names another"
            )
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.usage, "\(path) is no regular file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Failure(.notAllowed, "\(path) may be read by others; make it private: chmod 600 \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: Self.bytesMax)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        let line = bytes.prefix(max(0, count)).split(whereSeparator: isSpace)
        guard count < Self.bytesMax, line.count == 1, let token = line.first,
            token.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw Failure(.badInput, "\(path) has no token; allowed: one word on one line") }
        return Secret(String(decoding: token, as: UTF8.self))
    }

    /// A new token.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<Self.randomBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }.hexadecimal
    }
}
