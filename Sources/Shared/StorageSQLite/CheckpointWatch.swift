import GRDBSQLite
import Glibc
import Synchronization

/// Tells of pages on their way from a write-ahead log into its database; for fault tests, which die there.
///
/// In WAL mode nothing but a checkpoint writes to the database file itself, so it is the file's own system call that is watched.
package enum CheckpointWatch {
    private struct Watch: Sendable {
        let path: String
        let body: @Sendable () -> Void
    }

    private static let watch = Mutex<Watch?>(nil)

    /// Calls `body` before each write to the database file at `path`; once in a process, before the file is opened.
    ///
    /// - Parameters:
    ///   - path: Absolute, without symbolic links.
    ///   - body: Called on the thread that checkpoints.
    /// - Returns: Whether this build of SQLite lets it be watched.
    package static func beforeEachWrite(to path: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        self.watch.withLock { $0 = Watch(path: path, body: body) }
        let write: @convention(c) (Int32, UnsafeRawPointer?, Int, Int) -> Int = { descriptor, bytes, count, offset in
            CheckpointWatch.willWrite(to: descriptor)
            return pwrite(descriptor, bytes, count, offset)
        }
        guard let system = sqlite3_vfs_find(nil), let replace = system.pointee.xSetSystemCall,
            let find = system.pointee.xGetSystemCall
        else { return false }
        // Which of the two is used was decided when SQLite was built.
        for name in ["pwrite64", "pwrite"] where find(system, name) != nil {
            return replace(system, name, unsafeBitCast(write, to: sqlite3_syscall_ptr.self)) == SQLITE_OK
        }
        return false
    }

    private static func willWrite(to descriptor: Int32) {
        guard let watch = self.watch.withLock({ $0 }) else { return }
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/fd/\(descriptor)", &target, Int(PATH_MAX))
        guard count > 0, target.prefix(count).elementsEqual(watch.path.utf8.map { CChar(bitPattern: $0) }) else {
            return
        }
        watch.body()
    }
}
