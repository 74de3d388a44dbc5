import Domain
import Foundation
import UserFiles

/// The right to be the only `postrider up` on a data folder.
///
/// A lock of a whole file that the system drops when the process ends, however it ends. Children do not inherit it.
final class FolderLock {
    private let descriptor: CInt

    /// Kept by the coordinator for as long as it runs.
    static let coordinatorFile = "coordinator.lock"
    /// Kept by `up`.
    static let clusterFile = "up.lock"

    /// Takes it.
    ///
    /// - Parameter folder: The data folder, made when it is missing.
    /// - Throws: When another `up` has it; the text names its process.
    init(folder: String) throws(Failure) {
        // What is wrong with it is said by the open below.
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = "\(folder)/\(Self.clusterFile)"
        self.descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else {
            throw Failure(.failed, "the data folder \(folder) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(self.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            // What is thrown away closes the file: closed twice, it could be another's by then.
            let holder = Self.text(of: self.descriptor)
            throw Self.inUse(folder, by: "another `postrider up`", holder)
        }
        ftruncate(self.descriptor, 0)
        _ = "process \(getpid())".withCString { write(self.descriptor, $0, strlen($0)) }
    }

    deinit { close(self.descriptor) }

    /// Waits until no coordinator uses a data folder.
    ///
    /// One whose `up` was killed ends by itself, within the time that services have for it.
    ///
    /// - Parameters:
    ///   - folder: The data folder.
    ///   - seconds: For how long.
    ///   - onWait: Told once who has it, when it is not free at once.
    /// - Throws: When it is still in use then; the text names the process.
    static func waitUntilFree(_ folder: String, seconds: Double, onWait: (String) -> Void) async throws {
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(Int64(seconds * 1_000))
        var isTold = false
        while let holder = Self.coordinator(of: folder) {
            guard clock.now < end else { throw Self.inUse(folder, by: "another coordinator", holder) }
            if !isTold { onWait(holder) }
            isTold = true
            try await clock.sleep(for: Self.pause)
        }
    }

    private static let pause = Duration.milliseconds(100)

    /// Which process keeps the coordinator's lock; `nil` when none does.
    private static func coordinator(of folder: String) -> String? {
        let descriptor = open("\(folder)/\(Self.coordinatorFile)", O_RDONLY | O_CLOEXEC)
        // Where there never was one there is none.
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Given back at once; our own coordinator is started afterwards.
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return Self.text(of: descriptor)
    }

    private static func inUse(_ folder: String, by who: String, _ holder: String) -> Failure {
        Failure(.failed, "\(who) uses \(folder): \(holder); stop it first, or give this one its own data_dir")
    }

    private static func text(of descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : "unknown process"
    }
}
