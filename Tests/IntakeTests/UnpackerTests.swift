import Domain
import Foundation
import Testing

@testable import Intake

/// Files as programs pack them.
enum Packed {
    /// What a program makes of `bytes`; `nil` where it is not installed.
    static func by(_ program: String, _ bytes: [UInt8], arguments: [String] = []) throws -> [UInt8]? {
        let path = "/usr/bin/\(program)"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            print("skipped: no \(path)")
            return nil
        }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("in")
        try Data(bytes).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments + ["-c", file.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let packed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Array(packed)
    }

    /// A gzip archive of stored blocks only, which needs no program.
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var archive: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(0xFFFF)
            rest = rest.dropFirst(0xFFFF)
            let length = UInt16(block.count)
            archive.append(rest.isEmpty ? 1 : 0)
            archive += [UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8)]
            archive += block
        } while !rest.isEmpty
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        for value in [~sum, UInt32(bytes.count)] { archive += (0..<4).map { UInt8(value >> (8 * $0) & 0xFF) } }
        return archive
    }

    static func unpacked(_ bytes: [UInt8], pieceSize: Int) throws -> (content: [UInt8], kind: Unpacker.Kind?) {
        let unpacker = Unpacker()
        var content: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + pieceSize)
            bytes[start..<end].withUnsafeBytes { unpacker.push($0) }
            start = end
            while try unpacker.next({ content.append(contentsOf: $0) }) {}
        }
        try unpacker.finish()
        while try unpacker.next({ content.append(contentsOf: $0) }) {}
        return (content, unpacker.kind)
    }
}

@Suite("Packed files")
struct UnpackerTests {
    private static let table = Array(
        ("email,name\n" + (0..<20_000).map { "p\($0)@b.example,Name \($0 &* 7919 % 1000)\n" }.joined()).utf8
    )

    @Test("gzip and zstd archives of one or more members are read in pieces of any size", arguments: [1, 100, 1 << 18])
    func archives(pieceSize: Int) throws {
        let head = Array(Self.table[..<3_000])
        for (program, kind) in [("gzip", Unpacker.Kind.gzip), ("zstd", .zstd)] {
            let bytes = pieceSize == 1 ? head : Self.table
            guard let packed = try Packed.by(program, bytes) else { continue }
            let (content, found) = try Packed.unpacked(packed, pieceSize: pieceSize)
            #expect(content == bytes)
            #expect(found == kind)
            #expect(try Packed.unpacked(packed + packed, pieceSize: pieceSize).content == bytes + bytes)
        }
    }

    @Test("a zstd archive may begin with frames to be skipped, as pzstd makes them", arguments: [1, 3, 100, 1 << 18])
    func skipped(pieceSize: Int) throws {
        let bytes = pieceSize == 1 ? Array(Self.table[..<3_000]) : Self.table
        guard let packed = try Packed.by("zstd", bytes) else { return }
        for number in UInt8(0)..<16 {
            let skip: [UInt8] = [0x50 | number, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]
            let (content, kind) = try Packed.unpacked(skip + packed + skip, pieceSize: pieceSize)
            #expect(content == bytes && kind == .zstd)
        }
        // Text that begins with a `P`, and control characters that are no such frame.
        #expect(Unpacker.kind(of: Array("P*M\u{17}".utf8)) == .plain)
        #expect(Unpacker.kind(of: Array("PLZ,email".utf8)) == .plain)
    }

    @Test("what is no archive passes as it is", arguments: ["", "a", "abc", "email\nann@b.example\n"])
    func plain(text: String) throws {
        let (content, kind) = try Packed.unpacked(Array(text.utf8), pieceSize: 2)
        #expect(content == Array(text.utf8))
        #expect(text.isEmpty || kind == .plain)
    }

    @Test("an archive that is cut off or damaged is refused")
    func damaged() throws {
        let packed = Packed.stored(Array(Self.table[..<2_000]))
        #expect(try Packed.unpacked(packed, pieceSize: 100).content == Array(Self.table[..<2_000]))
        #expect(throws: Diagnostic.self) { try Packed.unpacked(Array(packed.dropLast(6)), pieceSize: 100) }
        var flipped = packed
        flipped[1_000] ^= 1
        #expect(throws: Diagnostic.self) { try Packed.unpacked(flipped, pieceSize: 100) }
    }

    @Test(
        "what unpacks to more than a hundred times its size is refused, before much of it was",
        arguments: ["gzip", "zstd"]
    )
    func bomb(program: String) throws {
        let bytes = Array("email,name\n".utf8) + [UInt8](repeating: 0x61, count: 32 << 20)
        guard let packed = try Packed.by(program, bytes) else { return }
        let unpacker = Unpacker()
        var count = 0
        packed.withUnsafeBytes { unpacker.push($0) }
        #expect {
            while try unpacker.next({ count += $0.count }) {}
        } throws: { error in
            (error as? Diagnostic)?.message.contains("more than 100 times its size") == true
        }
        #expect(count <= Unpacker.ratioFreeBytes + Unpacker.pieceBytes)
    }

    @Test("a zstd archive that wants much memory is refused")
    func window() throws {
        let bytes = Array(Self.table)
        guard let packed = try Packed.by("zstd", bytes, arguments: ["--ultra", "-22", "--long=27"]) else { return }
        // The size is known, so the window is as small as the file; without it the window is what was asked for.
        #expect(try Packed.unpacked(packed, pieceSize: 1_000).content == bytes)
        var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, (27 - 10) << 3]
        frame += [1, 0, 0]
        #expect {
            _ = try Packed.unpacked(frame, pieceSize: 100)
        } throws: { error in
            (error as? Diagnostic)?.message.contains("window of more than 32 MiB") == true
        }
    }
}
