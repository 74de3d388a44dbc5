import CPowerLossVFS
import Storage
import StorageSQLite
import Synchronization

/// A disk in memory that forgets what was not synced when its power is cut.
///
/// A database on it is opened at ``path(_:)``. Handles from before a cut stay dead; close them, and open the file again.
final class PowerDisk: Sendable {
    // The disk's own lock guards what is behind it.
    private nonisolated(unsafe) let disk: OpaquePointer
    private let name: String
    private static let made = Atomic<Int>(0)

    init() throws {
        self.name = "disk-\(Self.made.add(1, ordering: .relaxed).newValue)"
        guard let disk = power_disk_make(self.name) else { throw StoreError.io("no memory for a disk") }
        self.disk = disk
    }

    deinit { power_disk_free(self.disk) }

    /// Names a file on this disk to SQLite.
    func path(_ file: String) -> String { "file:/\(self.name)/\(file)?vfs=power-loss" }

    // The power.

    /// The machine stops just before the nth change of the disk from now; `nil`: it does not.
    func turnOff(after changes: Int?) { power_disk_turn_off_after(self.disk, Int64(changes ?? -1)) }

    var isOff: Bool { power_disk_is_off(self.disk) != 0 }

    /// Cuts the power, if it is not off by now, and turns the machine on again.
    func cut(seed: UInt64) { power_disk_cut(self.disk, seed) }

    /// The mutation that the tests must notice.
    func ignoresSync(_ ignores: Bool) { power_disk_ignore_sync(self.disk, ignores ? 1 : 0) }

    func slowsSync(microseconds: Int) { power_disk_slow_sync(self.disk, Int64(microseconds)) }

    // Faults.

    enum Operation: Int {
        case write = 1
        case sync = 2
        case truncate = 4
        case create = 8
        case delete = 16
        case read = 32
        /// All that changes the disk.
        case change = 31
    }

    /// Lets `after` operations succeed, and then fails `times` of them, or all until ``lift()``.
    func fail(_ operation: Operation, with code: DiskError, after: Int = 0, times: Int? = nil) {
        power_disk_fail(self.disk, Int32(operation.rawValue), code.rawValue, Int64(after), Int64(times ?? -1))
    }

    /// Lets files grow by so many bytes more in all.
    func leaves(bytes: Int64) { power_disk_limit(self.disk, power_disk_bytes(self.disk) + bytes) }

    /// Ends all faults.
    func lift() { power_disk_lift(self.disk) }

    var changes: Int { Int(power_disk_changes(self.disk)) }
    var faults: Int { Int(power_disk_faults(self.disk)) }
}

/// Result codes of SQLite that disks cause.
enum DiskError: Int32 {
    case full = 13
    case readOnly = 8
    case read = 266
    case write = 778
    case sync = 1034
    case truncate = 1546
    case cannotOpen = 14
}
