internal import Glibc

/// The part of a file that was pushed and not yet read, in one piece.
struct ByteWindow: ~Copyable {
    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    private var head = 0
    private var tail = 0
    /// What is known of line ends behind ``head``, so that every byte is searched once, in whatever pieces it comes.
    private var lineFeed = Search()
    private var carriageReturn = Search()

    private struct Search {
        /// Offset of the first such byte that was found, from ``head``; negative when none is known.
        var found = -1
        /// Up to here there is none.
        var done = 0

        mutating func drop(_ count: Int) {
            self.found = self.found < count ? -1 : self.found - count
            self.done = max(0, self.done - count)
        }
    }

    init() {
        self.capacity = 1 << 16
        self.storage = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { self.storage.deallocate() }

    var count: Int { self.tail - self.head }
    var isEmpty: Bool { self.tail == self.head }

    /// Valid until the next mutation.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: self.storage + self.head, count: self.count)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        self.reserve(bytes.count)
        guard let source = bytes.baseAddress else { return }
        (self.storage + self.tail).copyMemory(from: source, byteCount: bytes.count)
        self.tail += bytes.count
    }

    /// Drops the first `count` bytes.
    mutating func drop(_ count: Int) {
        self.head += count
        self.lineFeed.drop(count)
        self.carriageReturn.drop(count)
    }

    mutating func removeAll() {
        self.head = 0
        self.tail = 0
        self.rewind()
    }

    /// To be called before lines are asked for that lie before the last one asked for.
    mutating func rewind() {
        self.lineFeed = Search()
        self.carriageReturn = Search()
    }

    /// Where the line that begins at `start` ends.
    ///
    /// - Parameters:
    ///   - start: Offset from the first byte.
    ///   - isLast: Nothing will be pushed any more, so a CR at the end is a whole terminator.
    /// - Returns: The offset behind its terminator (LF, CRLF or CR), or `nil` when it is not here yet.
    mutating func endOfLine(from start: Int, isLast: Bool) -> Int? {
        var (lineFeeds, carriageReturns) = (self.lineFeed, self.carriageReturn)
        let lineFeed = self.find(ASCII.lineFeed, from: start, to: self.count, &lineFeeds)
        let end = self.find(ASCII.carriageReturn, from: start, to: lineFeed ?? self.count, &carriageReturns)
        (self.lineFeed, self.carriageReturn) = (lineFeeds, carriageReturns)
        guard let end else { return lineFeed.map { $0 + 1 } }
        if end + 1 < self.count { return self.bytes[end + 1] == ASCII.lineFeed ? end + 2 : end + 1 }
        // The LF of a CRLF may still come.
        return isLast ? end + 1 : nil
    }

    /// Offset of the first `byte` between two offsets.
    private func find(_ byte: UInt8, from start: Int, to end: Int, _ search: inout Search) -> Int? {
        if search.found >= start { return search.found < end ? search.found : nil }
        let from = max(start, search.done)
        guard from < end else { return nil }
        let base = UnsafeRawPointer(self.storage + self.head)
        guard let place = memchr(base + from, Int32(byte), end - from) else {
            search.done = end
            return nil
        }
        search.found = UnsafeRawPointer(place) - base
        return search.found
    }

    /// The length of a line without its terminator.
    static func contentCount(of line: UnsafeRawBufferPointer) -> Int {
        var count = line.count
        if count > 0, line[count - 1] == ASCII.lineFeed { count -= 1 }
        if count > 0, line[count - 1] == ASCII.carriageReturn { count -= 1 }
        return count
    }

    private mutating func reserve(_ count: Int) {
        guard self.tail + count > self.capacity else { return }
        if self.count + count <= self.capacity, self.head >= self.count {
            // The two parts do not overlap, and what is moved is less than what was read since the last move.
            self.storage.copyMemory(from: self.storage + self.head, byteCount: self.count)
        } else {
            self.capacity = max(2 * self.capacity, self.count + count)
            let grown = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
            grown.copyMemory(from: self.storage + self.head, byteCount: self.count)
            self.storage.deallocate()
            self.storage = grown
        }
        self.tail -= self.head
        self.head = 0
    }
}
