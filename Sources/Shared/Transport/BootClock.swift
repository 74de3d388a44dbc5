import Glibc

/// The clock that leases run on: it never goes back, and counts also while the machine sleeps.
package enum BootClock {
    /// Milliseconds of CLOCK_BOOTTIME; comparable only within one boot of one machine.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The kernel's name for this boot, a UUID: it changes when the machine restarts.
    ///
    /// - Throws: ``TransportError/Code/file`` where there is no `/proc`.
    package static func machineBootID() throws(TransportError) -> String {
        let path = "/proc/sys/kernel/random/boot_id"
        let text = try SmallFile.read(path, bytesMax: 64)
        let id = text.filter { !$0.isNewline }
        guard id.utf8.count == 36 else { throw TransportError(.file, "\(path) holds no boot id") }
        return id
    }
}
