#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The process that started this one and holds the other end of its standard input.
package enum ParentProcess {
    /// Blocks its thread until standard input ends: whoever held its other end is gone.
    package static func waitForEnd() {
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            // A signal is no end.
            if count == 0 || (count < 0 && errno != EINTR) { return }
        }
    }
}
