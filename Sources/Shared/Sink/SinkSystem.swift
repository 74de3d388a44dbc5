import Domain

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The machine's clock.
enum WallClock {
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// Files through the system's own calls.
enum SystemFile {
    /// Opens for appending, or anew.
    ///
    /// - Returns: The descriptor, or `nil` with the reason in ``lastProblem``.
    static func open(_ path: String, appending: Bool) -> Int32? {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (appending ? O_APPEND : O_TRUNC)
        #if canImport(Glibc)
        let descriptor = Glibc.open(path, flags, 0o644)
        #elseif canImport(Musl)
        let descriptor = Musl.open(path, flags, 0o644)
        #else
        let descriptor = Darwin.open(path, flags, 0o644)
        #endif
        return descriptor >= 0 ? descriptor : nil
    }

    /// Makes a folder; one that exists is fine.
    ///
    /// - Returns: What went wrong, or `nil`.
    static func makeFolder(_ path: String) -> String? {
        mkdir(path, 0o755) == 0 || errno == EEXIST ? nil : Self.lastProblem
    }

    static func close(_ descriptor: Int32) -> Bool {
        #if canImport(Glibc)
        Glibc.close(descriptor) == 0
        #elseif canImport(Musl)
        Musl.close(descriptor) == 0
        #else
        Darwin.close(descriptor) == 0
        #endif
    }

    /// - Returns: What went wrong, or `nil`.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> String? {
        bytes.withUnsafeBytes { pointer in
            var written = 0
            while written < pointer.count {
                let rest = UnsafeRawBufferPointer(rebasing: pointer[written...])
                #if canImport(Glibc)
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                #elseif canImport(Musl)
                let count = Musl.write(descriptor, rest.baseAddress, rest.count)
                #else
                let count = Darwin.write(descriptor, rest.baseAddress, rest.count)
                #endif
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return Self.lastProblem }
                written += count
            }
            return nil
        }
    }

    /// The system's words for the last error of this thread.
    static var lastProblem: String { String(cString: strerror(errno)) }
}
