import Domain
import Intake
import NIOCore

/// Looks through a packed file before anything of it is taken in: an archive that is damaged, cut off or a trap changes nothing.
///
/// The archive itself is kept on the disk meanwhile, not what is in it. A file that is not packed passes.
struct PackedFile {
    private let folder: String
    private var start: [UInt8] = []
    private var isPlain = false
    private var kept: ScratchFile?
    private let check = Unpacker()

    /// - Parameter folder: Where the archive is kept.
    init(folder: String) { self.folder = folder }

    /// Takes the file's next bytes.
    ///
    /// - Returns: What to go on with, when the file is not packed.
    /// - Throws: ``Diagnostics`` when it is damaged or a trap, ``FileFault`` when it cannot be kept.
    mutating func take(_ piece: ByteBuffer) throws -> ByteBuffer? {
        if self.isPlain { return piece }
        if let kept {
            try self.keep(piece, in: kept)
            return nil
        }
        self.start += piece.readableBytesView
        guard let kind = Unpacker.kind(of: self.start) else { return nil }
        let begin = ByteBuffer(bytes: self.start)
        self.start = []
        guard kind == .plain else {
            let file = try ScratchFile(folder: self.folder)
            file.unlink()
            self.kept = file
            try self.keep(begin, in: file)
            return nil
        }
        self.isPlain = true
        return begin
    }

    /// Says that the file ends here.
    ///
    /// - Returns: The archive, which is sound, or the few bytes that the whole file is; nothing when all of it was handed on.
    /// - Throws: ``Diagnostics`` when the archive ends too early.
    mutating func finish() throws -> Rest {
        guard let kept else { return self.isPlain ? .nothing : .bytes(ByteBuffer(bytes: self.start)) }
        do throws(Diagnostic) { try self.check.finish() } catch { throw Diagnostics([error]) }
        return .archive(kept)
    }

    /// What is still to be read of a file.
    enum Rest {
        case nothing
        case bytes(ByteBuffer)
        case archive(ScratchFile)
    }

    private func keep(_ piece: ByteBuffer, in file: ScratchFile) throws {
        try piece.withUnsafeReadableBytes { bytes in
            try file.append(bytes)
            self.check.push(bytes)
        }
        do throws(Diagnostic) {
            while try self.check.next({ _ in }) {}
        } catch {
            throw Diagnostics([error])
        }
    }
}
