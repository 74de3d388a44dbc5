internal import CZlib
internal import CZstd
package import Domain

/// Unpacks a file that comes in pieces, when it is a gzip or zstd archive; any other file passes as it is.
///
/// Push a piece, take what it holds until there is nothing more, push the next; at the end `finish`. What is taken at once is bounded,
/// however much a piece unpacks to.
///
/// | bound | why |
/// |---|---|
/// | ``ratioMax`` | tables shrink to a fifth or a tenth; what unpacks to a hundred times its size was made to fill a disk |
/// | ``bytesMax`` | more than all people have addresses |
/// | ``windowLogMax`` | what an archive may have the coordinator keep in memory |
package final class Unpacker {
    /// Bytes given at once.
    package static let pieceBytes = 1 << 16
    /// How many times larger than the archive its content may be.
    package static let ratioMax = 100
    /// Content up to this size is not judged by its ratio: a short file may well be one line, again and again.
    package static let ratioFreeBytes = 4 << 20
    /// Bytes that an archive may unpack to.
    package static let bytesMax = 1 << 40
    /// A zstd archive's window: 32 MiB, which is more than `zstd -19` uses.
    package static let windowLogMax: Int32 = 25

    /// What the file is; `nil` until enough of it came.
    package private(set) var kind: Kind?

    /// Whether, and how, a file is packed.
    package enum Kind: String, Hashable, Sendable {
        case plain
        case gzip
        case zstd
    }

    private var input: [UInt8] = []
    private var offset = 0
    private var packedBytes = 0
    private var unpackedBytes = 0
    /// Whether a member of the archive is open: the archive must not end here.
    private var isInside = false
    private let inflater: UnsafeMutablePointer<z_stream>
    private var inflating = false
    private var zstd: OpaquePointer?
    /// Whether output may still be waiting inside the library although all input was taken.
    private var mayHoldMore = false
    private var output = [UInt8](repeating: 0, count: pieceBytes)

    package init() {
        self.inflater = .allocate(capacity: 1)
        self.inflater.initialize(to: z_stream())
    }

    deinit {
        if self.inflating { inflateEnd(self.inflater) }
        self.inflater.deinitialize(count: 1)
        self.inflater.deallocate()
        ZSTD_freeDCtx(self.zstd)
    }

    /// Takes the next piece of the file.
    ///
    /// - Precondition: ``next(_:)`` returned `false` since the last one.
    package func push(_ bytes: UnsafeRawBufferPointer) {
        self.input.removeSubrange(..<self.offset)
        self.offset = 0
        self.input.append(contentsOf: bytes)
        self.packedBytes += bytes.count
    }

    /// Says that the file ends here; ``next(_:)`` may give a last piece.
    ///
    /// - Throws: When an archive ends too early.
    package func finish() throws(Diagnostic) {
        if self.kind == nil { self.kind = .plain }
        guard self.kind != .plain, self.isInside else { return }
        throw Diagnostic(.error, "the \(self.name) archive ends in the middle: it was cut off; copy it again")
    }

    /// Gives the next bytes of the content to `body`.
    ///
    /// - Returns: Whether there were any; `false`: push more.
    /// - Throws: When the archive is damaged, or unpacks to more than it may.
    package func next(_ body: (UnsafeRawBufferPointer) -> Void) throws(Diagnostic) -> Bool {
        if self.kind == nil {
            guard let kind = Self.kind(of: self.input) else { return false }
            self.kind = kind
        }
        switch self.kind {
        case .gzip: return try self.give(try self.inflate(), body)
        case .zstd: return try self.give(try self.decompress(), body)
        case .plain, nil:
            guard self.offset < self.input.count else { return false }
            self.input.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[self.offset...])) }
            self.offset = self.input.count
            return true
        }
    }

    /// What a file that begins so is; `nil` while that cannot be told.
    package static func kind(of start: [UInt8]) -> Kind? {
        guard start.count >= 4 else { return nil }
        if start.starts(with: [0x1F, 0x8B]) { return .gzip }
        if start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        // RFC 8878 section 3.1.2: a frame to be skipped, with which `pzstd` begins.
        return start[0] & 0xF0 == 0x50 && start[1..<4].elementsEqual([0x2A, 0x4D, 0x18]) ? .zstd : .plain
    }

    private var name: String { self.kind?.rawValue ?? "" }

    private func give(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws(Diagnostic) -> Bool {
        guard count > 0 else { return false }
        self.unpackedBytes += count
        guard self.unpackedBytes <= max(Self.ratioFreeBytes, Self.ratioMax * self.packedBytes),
            self.unpackedBytes <= Self.bytesMax
        else {
            throw Diagnostic(
                .error,
                "the \(self.name) archive unpacks to more than \(Self.ratioMax) times its size, as no table does; unpack it yourself "
                    + "and import what it holds, if you trust it"
            )
        }
        self.output.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        return true
    }

    private var damaged: Diagnostic {
        Diagnostic(
            .error,
            "the \(self.name) archive is damaged after \(self.unpackedBytes) bytes of its content; copy or make it again"
        )
    }

    /// Fills ``output`` from a gzip archive of one or several members.
    ///
    /// - Returns: How much of it.
    private func inflate() throws(Diagnostic) -> Int {
        while true {
            if !self.isInside {
                guard self.offset < self.input.count else { return 0 }
                try self.beginMember()
            }
            let (code, taken, given) = self.input.withUnsafeMutableBytes { input in
                self.output.withUnsafeMutableBytes { output in
                    self.inflater.pointee.next_in = (input.baseAddress.map { $0 + self.offset })?
                        .assumingMemoryBound(to: UInt8.self)
                    self.inflater.pointee.avail_in = UInt32(input.count - self.offset)
                    self.inflater.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    self.inflater.pointee.avail_out = UInt32(output.count)
                    let code = CZlib.inflate(self.inflater, Z_NO_FLUSH)
                    return (
                        code, input.count - self.offset - Int(self.inflater.pointee.avail_in),
                        output.count - Int(self.inflater.pointee.avail_out)
                    )
                }
            }
            self.offset += taken
            switch code {
            case Z_STREAM_END: self.isInside = false
            case Z_OK, Z_BUF_ERROR: break
            default: throw self.damaged
            }
            if given > 0 { return given }
            if self.isInside, taken == 0 { return 0 }
        }
    }

    private func beginMember() throws(Diagnostic) {
        if self.inflating {
            // Some programs fill the last block up with zeros.
            while self.offset < self.input.count, self.input[self.offset] == 0 { self.offset += 1 }
            guard self.offset < self.input.count else { return }
            guard inflateReset(self.inflater) == Z_OK else { throw self.damaged }
        } else {
            // 16: a gzip header and its checksum are demanded.
            let size = Int32(MemoryLayout<z_stream>.size)
            guard inflateInit2_(self.inflater, 15 + 16, ZLIB_VERSION, size) == Z_OK else { throw self.damaged }
            self.inflating = true
        }
        self.isInside = true
    }

    /// Fills ``output`` from a zstd archive of one or several frames.
    ///
    /// - Returns: How much of it.
    private func decompress() throws(Diagnostic) -> Int {
        if self.zstd == nil {
            self.zstd = ZSTD_createDCtx()
            ZSTD_DCtx_setParameter(self.zstd, ZSTD_d_windowLogMax, Self.windowLogMax)
        }
        while self.offset < self.input.count || self.mayHoldMore {
            let (code, taken, given) = self.input.withUnsafeBytes { input in
                self.output.withUnsafeMutableBytes { output in
                    var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: self.offset)
                    var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                    let code = ZSTD_decompressStream(self.zstd, &target, &source)
                    return (code, source.pos - self.offset, target.pos)
                }
            }
            guard ZSTD_isError(code) == 0 else { throw self.zstdProblem(code) }
            self.offset += taken
            // A frame that is done and at its end says 0.
            self.isInside = code != 0
            self.mayHoldMore = given == self.output.count
            if given > 0 { return given }
        }
        return 0
    }

    private func zstdProblem(_ code: Int) -> Diagnostic {
        let text = ZSTD_getErrorName(code).map { String(cString: $0) } ?? ""
        guard text.contains("memory") else { return self.damaged }
        return Diagnostic(
            .error,
            "the zstd archive needs a window of more than \(1 << (Self.windowLogMax - 20)) MiB; pack it with zstd -19 or less"
        )
    }
}
