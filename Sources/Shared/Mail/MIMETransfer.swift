/// Content-Transfer-Encoding (RFC 2045 section 6): any bytes as short lines of printable ASCII.
enum MIMETransfer {
    case quotedPrintable
    case base64

    /// The shorter one, roughly: from a third of bytes outside ASCII on, quoted-printable costs more than base64.
    init(for body: UnsafeBufferPointer<UInt8>) {
        // Eight bytes at a time: nearly all of them are ASCII in nearly every message.
        var foreign = 0
        var position = 0
        let raw = UnsafeRawBufferPointer(body)
        while position + 8 <= raw.count {
            let eight = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080
            if eight != 0 { foreign += eight.nonzeroBitCount }
            position += 8
        }
        for byte in body[position...] { foreign += Int(byte >> 7) }
        self = foreign * 3 > body.count ? .base64 : .quotedPrintable
    }

    /// The header line.
    var header: StaticString {
        switch self {
        case .quotedPrintable: "Content-Transfer-Encoding: quoted-printable\r\n"
        case .base64: "Content-Transfer-Encoding: base64\r\n"
        }
    }
}

extension MessageBytes {
    /// Longest line of either encoding, without its line end (RFC 2045 sections 6.7 and 6.8).
    static let transferLineMax = 76

    /// Appends text in quoted-printable.
    ///
    /// LF, CR and CRLF all become CRLF; everything outside printable ASCII, `=`, and blanks at the end of a line become `=XX`. A
    /// dot that begins a line is doubled if asked for (RFC 5321 section 4.5.2). Decoding gives the text back, with CRLF line ends.
    mutating func appendQuotedPrintable(_ source: UnsafeBufferPointer<UInt8>, dotStuffed: Bool) {
        // Three bytes for each, and at most eight more (soft break, doubled dot) for each full line of them.
        self.reserve(source.count * 4 + 64)
        var writer = QuotedPrintableWriter(start: self.free, dotStuffed: dotStuffed)
        writer.write(source)
        self.advance(by: writer.count)
    }

    /// Appends bytes in base64, in lines of 76 that all end in CRLF.
    ///
    /// - Parameter source: Text whose line ends are CRLF already (``appendWithCRLF(_:)``).
    mutating func appendBase64Lines(_ source: UnsafeBufferPointer<UInt8>) {
        let bytesPerLine = Self.transferLineMax / 4 * 3
        self.reserve((source.count / bytesPerLine + 1) * (Self.transferLineMax + 2))
        var position = 0
        while position < source.count {
            let end = min(position + bytesPerLine, source.count)
            self.appendBase64(UnsafeBufferPointer(rebasing: source[position..<end]))
            self.append("\r\n")
            position = end
        }
    }

    /// Appends bytes in base64 with padding, on one line (RFC 4648 section 4).
    mutating func appendBase64(_ source: UnsafeBufferPointer<UInt8>) {
        self.reserve((source.count + 2) / 3 * 4)
        let digits = Self.base64Digits.utf8Start
        var target = self.free
        var position = 0
        while position < source.count {
            let rest = source.count - position
            let second = rest > 1 ? Int(source[position + 1]) : 0
            let third = rest > 2 ? Int(source[position + 2]) : 0
            let group = Int(source[position]) << 16 | second << 8 | third
            target[0] = digits[group >> 18]
            target[1] = digits[group >> 12 & 63]
            target[2] = rest > 1 ? digits[group >> 6 & 63] : .equals
            target[3] = rest > 2 ? digits[group & 63] : .equals
            target += 4
            position += 3
        }
        self.advance(by: target - self.free)
    }

    /// Appends text with LF, CR and CRLF all turned into CRLF.
    mutating func appendWithCRLF(_ source: UnsafeBufferPointer<UInt8>) {
        self.reserve(source.count * 2)
        var target = self.free
        var previous: UInt8 = 0
        for byte in source {
            if byte == .lineFeed || byte == .carriageReturn {
                if !(byte == .lineFeed && previous == .carriageReturn) {
                    target[0] = .carriageReturn
                    target[1] = .lineFeed
                    target += 2
                }
            } else {
                target.pointee = byte
                target += 1
            }
            previous = byte
        }
        self.advance(by: target - self.free)
    }

    private static let base64Digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
}

/// One pass over a text, and the line that is being written.
private struct QuotedPrintableWriter {
    /// Where the first byte went; the caller reserved enough.
    private let start: UnsafeMutablePointer<UInt8>
    /// Bytes written.
    ///
    /// A number and no pointer to the next byte: going back by one from such a pointer, Swift 6.3 drops the store that follows when it
    /// optimises, and a blank stayed at the end of a line.
    private(set) var count = 0
    private let dotStuffed: Bool
    /// Characters on the line, a doubled dot counted once.
    private var column = 0

    /// Leaves room for the `=` of a soft line break.
    private static let columnMax = MessageBytes.transferLineMax - 1
    private static let hexDigits = Array("0123456789ABCDEF".utf8)
    /// Bytes that stand for themselves; blanks are looked at again at the end of a line.
    private static let isPlain: [Bool] = (0...255).map { byte in
        (UInt8(byte) == .tab || (0x20...0x7E).contains(byte)) && UInt8(byte) != .equals
    }

    init(start: UnsafeMutablePointer<UInt8>, dotStuffed: Bool) {
        self.start = start
        self.dotStuffed = dotStuffed
    }

    mutating func write(_ source: UnsafeBufferPointer<UInt8>) {
        Self.isPlain.withUnsafeBufferPointer { isPlain in
            var position = 0
            while position < source.count {
                let byte = source[position]
                if isPlain[Int(byte)] {
                    if self.column == Self.columnMax { self.breakLine(soft: true) }
                    position = self.copyRun(source, from: position, isPlain)
                } else if byte == .lineFeed || byte == .carriageReturn {
                    self.encodeLastBlank()
                    self.breakLine(soft: false)
                    let isPair =
                        byte == .carriageReturn && position + 1 < source.count && source[position + 1] == .lineFeed
                    position += isPair ? 2 : 1
                } else {
                    if self.column + 3 > Self.columnMax { self.breakLine(soft: true) }
                    self.put(encoded: byte)
                    position += 1
                }
            }
        }
        self.encodeLastBlank()
    }

    /// Copies plain bytes up to the end of the line or the first other byte.
    ///
    /// - Returns: Where it stopped, at least one byte further.
    @inline(__always)
    private mutating func copyRun(
        _ source: UnsafeBufferPointer<UInt8>,
        from start: Int,
        _ isPlain: UnsafeBufferPointer<Bool>
    ) -> Int {
        let limit = min(source.count, start + Self.columnMax - self.column)
        if self.column == 0, self.dotStuffed, source[start] == .dot { self.put(.dot) }
        var position = start
        var target = self.start + self.count
        while position + 8 <= limit, let eight = Self.eightPlainBytes(source, at: position) {
            UnsafeMutableRawPointer(target).storeBytes(of: eight, as: UInt64.self)
            target += 8
            position += 8
        }
        while position < limit {
            let byte = source[position]
            guard isPlain[Int(byte)] else { break }
            target.pointee = byte
            target += 1
            position += 1
        }
        self.count += position - start
        self.column += position - start
        return position
    }

    /// The eight bytes at `position` as one word, if all of them are printable ASCII other than `=`.
    ///
    /// The high bit of each byte in `odd` is set when that byte is below a blank, `=`, DEL or above. Borrows and carries between
    /// bytes only ever make a plain byte look odd, never the reverse.
    @inline(__always)
    private static func eightPlainBytes(_ source: UnsafeBufferPointer<UInt8>, at position: Int) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let word = UnsafeRawBufferPointer(source).loadUnaligned(fromByteOffset: position, as: UInt64.self)
        let equals = word ^ (ones &* UInt64(UInt8.equals))
        let odd = word | (word &- ones &* 0x20) | (word &+ ones) | (equals &- ones)
        return odd & (ones &* 0x80) == 0 ? word : nil
    }

    /// A blank must not be the last character of an encoded line: relays strip it.
    private mutating func encodeLastBlank() {
        guard self.column > 0 else { return }
        let last = self.start[self.count - 1]
        guard last.isBlank else { return }
        self.count -= 1
        self.column -= 1
        if self.column + 3 > MessageBytes.transferLineMax { self.breakLine(soft: true) }
        self.put(encoded: last)
    }

    @inline(__always)
    private mutating func put(encoded byte: UInt8) {
        self.put(.equals)
        self.put(Self.hexDigits[Int(byte >> 4)])
        self.put(Self.hexDigits[Int(byte & 15)])
        self.column += 3
    }

    private mutating func breakLine(soft: Bool) {
        if soft { self.put(.equals) }
        self.put(.carriageReturn)
        self.put(.lineFeed)
        self.column = 0
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        self.start[self.count] = byte
        self.count += 1
    }
}
