import Glibc

/// Whole files of a few kilobytes: keys, names.
enum SmallFile {
    /// Who may read a file that is written.
    enum Visibility: mode_t {
        /// Only its owner.
        case secret = 0o600
        case everybody = 0o644
    }

    /// Whether there is something of that name, even a link to nothing.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 || errno != ENOENT
    }

    /// Reads a regular file (or one of `/proc`) as UTF-8.
    ///
    /// - Parameters:
    ///   - path: Of the file; links are followed.
    ///   - bytesMax: A longer file is an error: it is not what it was taken for.
    ///   - isSecret: Refuse it when others than its owner can read or write it.
    /// - Returns: All of it.
    /// - Throws: ``TransportError/Code/file``.
    static func read(_ path: String, bytesMax: Int, isSecret: Bool = false) throws(TransportError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw self.failure("open", path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw self.failure("inspect", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw TransportError(.file, "\(path) is no regular file") }
        if isSecret, status.st_mode & 0o077 != 0 {
            throw TransportError(
                .file,
                "\(path) has mode \(String(status.st_mode & 0o777, radix: 8)): "
                    + "others than its owner can read it; allow only the owner: chmod 600 \(path)"
            )
        }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var count = 0
        while count <= bytesMax {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if got == 0 { break }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw self.failure("read", path) }
            count += got
        }
        guard count <= bytesMax else { throw TransportError(.file, "\(path) is longer than \(bytesMax) bytes") }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw TransportError(.file, "\(path) is not UTF-8 text")
        }
        return text
    }

    /// Writes a file whole and durably.
    ///
    /// - Parameters:
    ///   - text: All of the file.
    ///   - path: Of the file; its folder must exist.
    ///   - visibility: Its mode, whatever the process's umask says.
    ///   - replacing: Whether an existing file is replaced, in one step; otherwise it is an error and stays as it is.
    /// - Throws: ``TransportError/Code/file``.
    static func write(
        _ text: String,
        to path: String,
        _ visibility: Visibility,
        replacing: Bool
    ) throws(TransportError) {
        // A new name first, so that a reader sees the old file or the new one and never half of it.
        let target = replacing ? "\(path).new" : path
        if replacing { unlink(target) }
        let file = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, visibility.rawValue)
        guard file >= 0 else {
            throw errno == EEXIST
                ? TransportError(.file, "\(path) exists already and is left as it is") : self.failure("create", path)
        }
        let isWritten = fchmod(file, visibility.rawValue) == 0 && self.writeAll(text, to: file) && fsync(file) == 0
        let failure = self.failure("write", path)
        close(file)
        guard isWritten else {
            unlink(target)
            throw failure
        }
        if replacing, rename(target, path) != 0 { throw self.failure("replace", path) }
    }

    private static func writeAll(_ text: String, to file: Int32) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    private static func failure(_ verb: String, _ path: String) -> TransportError {
        TransportError(.file, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
