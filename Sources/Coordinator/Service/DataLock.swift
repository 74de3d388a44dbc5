import Foundation

/// The right to be the only coordinator on a data folder.
///
/// A lock of the whole file (flock) that the system drops when the process ends, however it ends.
final class DataLock {
    private let descriptor: Int32

    /// - Throws: ``StartProblem`` that names the holder when there is one.
    init(folder: String) throws {
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = "\(folder)/coordinator.lock"
        self.descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else {
            throw StartProblem(text: "the data folder \(folder) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(self.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.text(of: self.descriptor)
            close(self.descriptor)
            throw StartProblem(
                text: "another coordinator uses \(folder): \(holder); stop it first, or give this one its own data_dir"
            )
        }
        let text = "process \(getpid())"
        ftruncate(self.descriptor, 0)
        _ = text.withCString { write(self.descriptor, $0, strlen($0)) }
    }

    private static func text(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : "unknown process"
    }

    func release() { close(self.descriptor) }
}
