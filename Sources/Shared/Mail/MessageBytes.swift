/// A growing run of bytes that is written through a pointer.
///
/// An `[UInt8]` checks uniqueness and capacity on every append; a message is some thousand appends. Here a writer asks once for
/// the room of a whole run (``reserve(_:)``), writes through ``free``, and says how far it came (``advance(by:)``). The memory is
/// kept from message to message.
package struct MessageBytes: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    package private(set) var count = 0

    /// - Parameter capacity: Bytes to have room for at first, at least 1.
    package init(capacity: Int) {
        precondition(capacity >= 1)
        self.base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { self.base.deallocate() }

    /// The bytes so far; valid until the next change.
    package var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: self.base, count: self.count) }

    /// Where the next byte goes.
    ///
    /// Only as many may be written as were reserved.
    package var free: UnsafeMutablePointer<UInt8> { self.base + self.count }

    /// The last byte, 0 when there is none.
    package var last: UInt8 { self.count > 0 ? self.base[self.count - 1] : 0 }

    /// Makes room for `extra` more bytes behind those that are there.
    @inline(__always)
    package mutating func reserve(_ extra: Int) {
        if self.capacity - self.count < extra { self.grow(extra) }
    }

    /// Counts bytes that were written at ``free``.
    @inline(__always)
    package mutating func advance(by written: Int) {
        assert(written >= 0 && self.count + written <= self.capacity)
        self.count += written
    }

    /// Adds one byte.
    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        self.reserve(1)
        self.base[self.count] = byte
        self.count += 1
    }

    /// Adds bytes as they are.
    @inline(__always)
    package mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        self.reserve(bytes.count)
        self.free.update(from: source, count: bytes.count)
        self.count += bytes.count
    }

    /// Adds bytes as they are.
    @inline(__always)
    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { self.append($0) }
    }

    /// Adds bytes as they are.
    package mutating func append(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBufferPointer { self.append($0) }
    }

    /// Adds text of the program.
    package mutating func append(_ text: StaticString) {
        self.append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Forgets all bytes behind the first `count`.
    package mutating func truncate(to count: Int) {
        precondition((0...self.count).contains(count))
        self.count = count
    }

    /// Forgets all bytes and keeps the memory.
    package mutating func removeAll() { self.count = 0 }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        self.capacity = max(self.capacity * 2, self.count + extra)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: self.capacity)
        larger.update(from: self.base, count: self.count)
        self.base.deallocate()
        self.base = larger
    }
}
