/// The beginning of reading: finds a file's encoding, and hands its bytes on as UTF-8.
///
/// A byte-order mark decides, then NUL bytes where UTF-16 has them. Otherwise the file is ASCII until its first other byte, and what
/// stands in the ``sampleBytes`` from there on decides between UTF-8 and Windows-1252, in whatever pieces the file comes.
struct TextInput {
    /// `.utf8` until something else was found.
    private(set) var encoding: TextEncoding = .utf8
    /// Whether enough came to tell a mark.
    var hasBegun: Bool { self.decoder != nil }

    /// Bytes that are looked at to tell UTF-8 from Windows-1252: a few hundred rows.
    static let sampleBytes = 1 << 16
    /// Longest mark, and enough of UTF-16 to be recognised without one.
    private static let startBytes = 4

    /// The file's first bytes as they are: four, or its first piece.
    private(set) var start: [UInt8] = []
    private var decoder: TextDecoder?
    /// What the user says the encoding is.
    private let given: TextEncoding?
    /// What came since the first byte that is not ASCII; `nil` once the encoding is settled.
    private var sample: [UInt8]? = []

    init(_ given: TextEncoding? = nil) { self.given = given }

    mutating func push(_ bytes: UnsafeRawBufferPointer, into window: inout ByteWindow) {
        guard self.decoder == nil else {
            self.take(bytes, into: &window)
            return
        }
        // A mark may come in pieces too.
        self.start.append(contentsOf: bytes)
        if self.start.count >= Self.startBytes { self.begin(into: &window) }
    }

    /// Says that the file ends here.
    mutating func finish(into window: inout ByteWindow) {
        if self.decoder == nil { self.begin(into: &window) }
        self.settle(into: &window)
        self.decoder?.finish(into: &window)
    }

    /// Reads what is in the window, and everything that comes, as Windows-1252.
    mutating func rereadAsWindows1252(_ window: inout ByteWindow) {
        let rest = Array(window.bytes) + (self.sample ?? [])
        window.removeAll()
        self.sample = nil
        self.begin(.windows1252)
        rest.withUnsafeBytes { self.decoder?.decode($0, into: &window) }
    }

    private mutating func begin(_ encoding: TextEncoding) {
        self.encoding = encoding
        self.decoder = TextDecoder(encoding)
    }

    private mutating func begin(into window: inout ByteWindow) {
        let start = self.start
        start.withUnsafeBytes { start in
            let (found, markCount) = TextDecoder.detect(start)
            let encoding = self.given ?? found
            if self.given != nil || encoding != .utf8 || markCount > 0 { self.sample = nil }
            self.begin(encoding)
            self.take(UnsafeRawBufferPointer(rebasing: start[markCount...]), into: &window)
        }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, into window: inout ByteWindow) {
        guard let sample = self.sample else {
            self.decoder?.decode(bytes, into: &window)
            return
        }
        var rest = bytes
        if sample.isEmpty {
            let plain = UTF8Text.asciiPrefix(bytes.assumingMemoryBound(to: UInt8.self), from: 0)
            window.append(UnsafeRawBufferPointer(rebasing: bytes[..<plain]))
            rest = UnsafeRawBufferPointer(rebasing: bytes[plain...])
        }
        guard !rest.isEmpty else { return }
        self.sample?.append(contentsOf: rest)
        if sample.count + rest.count >= Self.sampleBytes { self.settle(into: &window) }
    }

    /// Decides what the sample is, and reads it.
    private mutating func settle(into window: inout ByteWindow) {
        guard let sample = self.sample else { return }
        self.sample = nil
        // The rest of a piece must not decide, or the pieces' sizes would.
        let isCut = sample.count >= Self.sampleBytes
        let isWestern = sample.prefix(Self.sampleBytes).withUnsafeBufferPointer { Self.isWindows1252($0, isCut: isCut) }
        if isWestern { self.begin(.windows1252) }
        sample.withUnsafeBytes { self.decoder?.decode($0, into: &window) }
    }

    /// Whether a text is rather Windows-1252 than UTF-8.
    ///
    /// A few damaged rows in a file of UTF-8 do not make it another encoding: they are rejected as rows. But in Windows-1252 two letters
    /// that happen to be well-formed UTF-8 are rare.
    private static func isWindows1252(_ bytes: UnsafeBufferPointer<UInt8>, isCut: Bool) -> Bool {
        var (wellFormed, others, index) = (0, 0, 0)
        while index < bytes.count {
            if bytes[index] < 0x80 {
                index = UTF8Text.asciiPrefix(bytes, from: index)
                continue
            }
            let length = UTF8Text.sequenceLength(bytes, at: index)
            if length > 0 {
                wellFormed += 1
            } else if !isCut || index + 3 < bytes.count {
                // What the end of the sample cuts off says nothing.
                others += 1
            }
            index += max(1, length)
        }
        return others > Self.damageFactor * wellFormed
    }

    /// So many times more broken sequences than sound ones are no damage.
    private static let damageFactor = 10
}
