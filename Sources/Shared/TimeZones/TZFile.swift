/// Reads the system's time zone files: TZif, versions 1 to 4 (RFC 9636, before it RFC 8536).
package enum TZFile {
    /// Longest file: the largest of the system's has 4 KiB.
    package static let bytesMax = 65_536
    /// Most changes: a file with one for each hour of a decade would still be refused.
    static let changesMax = 10_000
    /// Offsets that a file may have, in seconds (RFC 9636 section 3.2).
    static let offsetRange: ClosedRange<Int64> = -89_999...93_599

    /// Why a file is not used.
    package struct Refusal: Error, Hashable, Sendable {
        package let text: String
    }

    /// - Parameter bytes: A whole file; anything may be in it.
    /// - Returns: What clocks show in the zone.
    /// - Throws: ``Refusal`` for the first thing that is wrong.
    package static func parse(_ bytes: [UInt8]) throws(Refusal) -> ZoneRules {
        guard bytes.count <= Self.bytesMax else {
            throw Refusal(text: "is larger than \(Self.bytesMax) bytes")
        }
        var cursor = Cursor(bytes: bytes)
        let first = try Header(&cursor)
        guard first.version >= 2 else {
            return try Self.rules(try Block(first, timeSize: 4, &cursor), footer: nil)
        }
        // The first block is for readers of version 1.
        try cursor.skip(first.byteCount(timeSize: 4))
        let second = try Header(&cursor)
        guard second.version == first.version else { throw Refusal(text: "has two versions") }
        let block = try Block(second, timeSize: 8, &cursor)
        return try Self.rules(block, footer: try cursor.footer())
    }

    private static func rules(_ block: Block, footer: String?) throws(Refusal) -> ZoneRules {
        var rule: RecurringRule?
        if let footer, !footer.isEmpty {
            rule = RecurringRule(footer)
            guard rule != nil else { throw Refusal(text: "ends with a rule that cannot be read: \(footer.prefix(40))") }
        }
        return ZoneRules(moments: block.moments, offsets: block.offsets, rule: rule)
    }

    /// What stands before a block.
    private struct Header {
        let version: Int
        let utcCount: Int
        let standardCount: Int
        let leapCount: Int
        let changeCount: Int
        let typeCount: Int
        let nameBytes: Int

        init(_ cursor: inout Cursor) throws(Refusal) {
            guard try cursor.take(4).elementsEqual("TZif".utf8) else { throw Refusal(text: "is no time zone file") }
            switch try cursor.integer(1) {
            case 0: self.version = 1
            case 0x32: self.version = 2
            case 0x33: self.version = 3
            case 0x34: self.version = 4
            default: throw Refusal(text: "has an unknown version")
            }
            try cursor.skip(15)
            self.utcCount = Int(try cursor.integer(4))
            self.standardCount = Int(try cursor.integer(4))
            self.leapCount = Int(try cursor.integer(4))
            self.changeCount = Int(try cursor.integer(4))
            self.typeCount = Int(try cursor.integer(4))
            self.nameBytes = Int(try cursor.integer(4))
            let counts = [self.utcCount, self.standardCount, self.leapCount, self.changeCount, self.nameBytes]
            guard counts.allSatisfy({ (0...TZFile.changesMax).contains($0) }) else {
                throw Refusal(text: "has more than \(TZFile.changesMax) of something")
            }
            guard (1...256).contains(self.typeCount) else {
                throw Refusal(text: "has \(self.typeCount) kinds of time; 1 to 256 are allowed")
            }
        }

        func byteCount(timeSize: Int) -> Int {
            self.changeCount * (timeSize + 1) + self.typeCount * 6 + self.nameBytes
                + self.leapCount * (timeSize + 4) + self.standardCount + self.utcCount
        }
    }

    /// Changes and their offsets.
    private struct Block {
        let moments: [Int64]
        let offsets: [Int64]

        init(_ header: Header, timeSize: Int, _ cursor: inout Cursor) throws(Refusal) {
            guard header.leapCount == 0 else { throw Refusal(text: "counts leap seconds") }
            var moments: [Int64] = []
            for _ in 0..<header.changeCount {
                let moment = try cursor.integer(timeSize)
                if let last = moments.last, moment <= last { throw Refusal(text: "has changes out of order") }
                moments.append(moment)
            }
            let kinds = try cursor.take(header.changeCount).map { Int($0) }
            guard kinds.allSatisfy({ $0 < header.typeCount }) else {
                throw Refusal(text: "names a kind of time it lacks")
            }
            var kindOffsets: [Int64] = []
            for _ in 0..<header.typeCount {
                let offset = try cursor.integer(4)
                guard TZFile.offsetRange.contains(offset) else {
                    throw Refusal(text: "is \(offset) seconds from UTC, which nothing on earth is")
                }
                try cursor.skip(2)
                kindOffsets.append(offset)
            }
            try cursor.skip(header.nameBytes + header.standardCount + header.utcCount)
            self.moments = moments
            // Before the first change the first kind holds (RFC 9636 section 3.2).
            self.offsets = ([0] + kinds).map { kindOffsets[$0] }
        }
    }

    /// Reads front to back, and says so when the bytes end too early.
    private struct Cursor {
        let bytes: [UInt8]
        var position = 0

        mutating func take(_ count: Int) throws(Refusal) -> ArraySlice<UInt8> {
            guard count <= self.bytes.count - self.position else { throw Refusal(text: "is cut off") }
            defer { self.position += count }
            return self.bytes[self.position..<self.position + count]
        }

        mutating func skip(_ count: Int) throws(Refusal) { _ = try self.take(count) }

        /// A big-endian number with sign; a single byte has none.
        mutating func integer(_ size: Int) throws(Refusal) -> Int64 {
            let value = try self.take(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            switch size {
            case 4: return Int64(Int32(truncatingIfNeeded: value))
            default: return Int64(bitPattern: value)
            }
        }

        /// The text between two line feeds at the end.
        mutating func footer() throws(Refusal) -> String {
            guard try self.integer(1) == 0x0A else { throw Refusal(text: "has no rule at its end") }
            guard let end = self.bytes[self.position...].firstIndex(of: 0x0A) else { throw Refusal(text: "is cut off") }
            return String(decoding: self.bytes[self.position..<end], as: UTF8.self)
        }
    }
}
