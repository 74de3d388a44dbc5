import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where log lines go: one descriptor, one write a line, in order, and no caller ever waits for its reader.
///
/// A thread of its own writes. When the reader is slower than the program, lines wait up to ``waitingBytesMax`` and further
/// ones are dropped and counted; once there is room again, one line says how many were lost.
package final class LineOutput: Sendable {
    /// Bound of what waits for a slow reader: about 20,000 lines.
    package static let waitingBytesMax = 4 << 20
    /// Longest wait of ``flush(withinMilliseconds:)`` at the end of a process: a stuck reader must not keep it alive.
    package static let flushMillisecondsMax = 1_000

    private let descriptor: Int32
    private let notice: @Sendable (_ lost: Int) -> [UInt8]
    private let writer = DispatchQueue(label: "postrider.log")
    private let waitingBytes = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)
    private let lostEver = Atomic<Int>(0)

    /// - Parameters:
    ///   - descriptor: Stays open and stays the caller's; may block.
    ///   - notice: Makes the line that tells how many lines were lost.
    package init(descriptor: Int32, notice: @escaping @Sendable (_ lost: Int) -> [UInt8]) {
        self.descriptor = descriptor
        self.notice = notice
    }

    /// Lines dropped since the start.
    package var lostLines: Int { self.lostEver.load(ordering: .relaxed) }

    /// Takes one line, with its line feed, and returns at once.
    package func write(_ line: [UInt8]) {
        let waiting = self.waitingBytes.wrappingAdd(line.count, ordering: .relaxed).newValue
        guard waiting <= Self.waitingBytesMax else {
            self.waitingBytes.wrappingSubtract(line.count, ordering: .relaxed)
            self.lost.wrappingAdd(1, ordering: .relaxed)
            self.lostEver.wrappingAdd(1, ordering: .relaxed)
            return
        }
        self.writer.async {
            let lost = self.lost.exchange(0, ordering: .relaxed)
            if lost > 0 { Self.writeAll(self.notice(lost), to: self.descriptor) }
            Self.writeAll(line, to: self.descriptor)
            self.waitingBytes.wrappingSubtract(line.count, ordering: .relaxed)
        }
    }

    /// Waits until what was taken so far is written.
    ///
    /// - Parameter milliseconds: Longest wait.
    /// - Returns: Whether all was written.
    @discardableResult
    package func flush(withinMilliseconds milliseconds: Int = LineOutput.flushMillisecondsMax) -> Bool {
        let done = DispatchSemaphore(value: 0)
        self.writer.async {
            let lost = self.lost.exchange(0, ordering: .relaxed)
            if lost > 0 { Self.writeAll(self.notice(lost), to: self.descriptor) }
            done.signal()
        }
        return done.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
    }

    /// Writes a line whole.
    ///
    /// What the system takes in parts is continued; a reader that is gone loses the line.
    private static func writeAll(_ line: [UInt8], to descriptor: Int32) {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Self.writeOnce(UnsafeRawBufferPointer(rebasing: rest), to: descriptor)
                guard count >= 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// - Returns: How many bytes went out, or -1 when nothing ever will.
    private static func writeOnce(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
        let count = systemWrite(descriptor, bytes.baseAddress, bytes.count)
        if count >= 0 { return count }
        switch errno {
        case EINTR: return 0
        case EAGAIN:
            // Somebody who shares the descriptor made it non-blocking: wait for room instead of spinning.
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&ready, 1, 1_000)
            return 0
        default: return -1
        }
    }
}

/// The system call, which the method of the same name hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
