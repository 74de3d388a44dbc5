import Crypto

/// The hash of a body in "relaxed" form (RFC 6376 section 3.4.4): no blanks at line ends, runs of blanks as one, no empty lines at the end.
///
/// Most lines are relaxed as they are, so what is hashed are long runs of the message's own bytes; only where something is left out a
/// run ends.
enum RelaxedBody {
    /// - Parameters:
    ///   - body: Lines end in CRLF; the last may lack it.
    ///   - dotStuffed: A dot that begins a line stands for nothing.
    /// - Returns: What `bh=` says, before base64.
    static func hash(_ body: UnsafeRawBufferPointer, dotStuffed: Bool) -> SHA256Digest {
        var runs = Runs(body)
        var start = 0
        while start < body.count {
            let (end, next) = Self.line(body, from: start)
            runs.line(start, end, hasLineEnd: next > end, dotStuffed: dotStuffed)
            start = next
        }
        return runs.finish()
    }

    /// Where the line ends, and where the next begins.
    private static func line(_ body: UnsafeRawBufferPointer, from start: Int) -> (end: Int, next: Int) {
        var position = start
        while position + 1 < body.count {
            if body[position + 1] == 0x0A {
                if body[position] == 0x0D { return (position, position + 2) }
                position += 1
            }
            position += 1
        }
        return (body.count, body.count)
    }

    private struct Runs {
        private let body: UnsafeRawBufferPointer
        private var hash = SHA256()
        /// What waits to be hashed.
        private var start = 0
        private var end = 0
        /// Empty lines, hashed when something follows.
        private var empty = 0

        private static let lineEnd: [UInt8] = [0x0D, 0x0A]
        private static let blank: [UInt8] = [0x20]

        init(_ body: UnsafeRawBufferPointer) { self.body = body }

        mutating func line(_ lineStart: Int, _ lineEnd: Int, hasLineEnd: Bool, dotStuffed: Bool) {
            let isStuffed = dotStuffed && lineStart < lineEnd && self.body[lineStart] == UInt8(ascii: ".")
            var position = isStuffed ? lineStart + 1 : lineStart
            var last = lineEnd
            while last > position, Self.isBlank(self.body[last - 1]) { last -= 1 }
            guard position < last else {
                self.empty += 1
                return
            }
            for _ in 0..<self.empty { self.put(Self.lineEnd) }
            self.empty = 0
            while position < last {
                let byte = self.body[position]
                if Self.isBlank(byte) {
                    var next = position + 1
                    while Self.isBlank(self.body[next]) { next += 1 }
                    if byte == 0x20, next == position + 1 {
                        self.take(position, next)
                    } else {
                        self.put(Self.blank)
                    }
                    position = next
                } else {
                    var next = position + 1
                    while next < last, !Self.isBlank(self.body[next]) { next += 1 }
                    self.take(position, next)
                    position = next
                }
            }
            if hasLineEnd, last == lineEnd { self.take(last, last + 2) } else { self.put(Self.lineEnd) }
        }

        /// Adds bytes of the body.
        private mutating func take(_ from: Int, _ to: Int) {
            if from != self.end {
                self.flush()
                self.start = from
            }
            self.end = to
        }

        /// Adds bytes that do not stand in the body.
        private mutating func put(_ bytes: [UInt8]) {
            self.flush()
            self.hash.update(data: bytes)
        }

        private mutating func flush() {
            if self.start < self.end {
                self.hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: self.body[self.start..<self.end]))
            }
            self.start = self.end
        }

        mutating func finish() -> SHA256Digest {
            self.flush()
            return self.hash.finalize()
        }

        private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    }
}
