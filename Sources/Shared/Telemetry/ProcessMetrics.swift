#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the process itself uses, read when somebody asks, under the names that Prometheus' own clients use.
enum ProcessMetrics {
    private static let residentBytes = Metric(
        "process_resident_memory_bytes",
        .gauge,
        help: "Resident memory size in bytes."
    )
    private static let cpuSeconds = Metric(
        "process_cpu_seconds_total",
        .counter,
        help: "User and system CPU time spent in seconds."
    )

    static func append(to text: inout PrometheusText) {
        if let bytes = Self.residentMemoryBytes() {
            text.begin(Self.residentBytes)
            text.add(Self.residentBytes.name, "", Double(bytes))
        }
        text.begin(Self.cpuSeconds)
        text.add(Self.cpuSeconds.name, "", Self.processSeconds())
    }

    private static func processSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// - Returns: `nil` where the system has no `/proc`.
    private static func residentMemoryBytes() -> Int? {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Seven numbers of at most 20 digits.
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        let numbers = buffer[..<count].split(separator: UInt8(ascii: " "))
        guard numbers.count > 1, let pages = Int(String(decoding: numbers[1], as: UTF8.self)) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
