import Domain
import Foundation
internal import Glibc
import Intake

/// Takes what names somebody out of a file of rejected rows.
///
/// A row keeps its place and line, so that the numbers of an import still add up; its reason and its cells go.
enum RejectErasure {
    /// Rewrites the file when one of its rows names somebody.
    ///
    /// - Parameters:
    ///   - traces: Addresses, and digits of telephone numbers however they are written in the file.
    ///   - path: Of a file that nobody writes to any more; none is there when nothing was rejected.
    /// - Returns: Rows that were emptied.
    /// - Throws: ``FileFault``.
    static func erase(_ traces: Set<String>, in path: String) throws(FileFault) -> Int {
        guard let input = FileHandle(forReadingAtPath: path) else { return 0 }
        defer { try? input.close() }
        let search = RowSearch(traces)
        do {
            guard try self.copy(input, search, to: nil) > 0 else { return 0 }
            try input.seek(toOffset: 0)
            let part = path + ".part"
            guard FileManager.default.createFile(atPath: part, contents: nil, attributes: [.posixPermissions: 0o600]),
                let output = FileHandle(forWritingAtPath: part)
            else { throw FileFault(path: part, code: errno) }
            defer { try? output.close() }
            let count = try self.copy(input, search, to: output)
            try output.synchronize()
            guard rename(part, path) == 0 else { throw FileFault(path: path, code: errno) }
            return count
        } catch {
            throw error as? FileFault ?? FileFault(path: path, code: errno)
        }
    }

    /// Goes through the rows; the file is as ``RejectWriter`` makes it.
    ///
    /// - Returns: Rows that name somebody.
    private static func copy(_ input: FileHandle, _ search: RowSearch, to output: FileHandle?) throws -> Int {
        var (row, kept, found, isQuoted): ([UInt8], [UInt8], Int, Bool) = ([], [], 0, false)
        while let piece = try input.read(upToCount: 1 << 16), !piece.isEmpty {
            for byte in piece {
                row.append(byte)
                // A quote inside a cell is written twice.
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                guard byte == UInt8(ascii: "\n"), !isQuoted else { continue }
                if search.names(row) {
                    found += 1
                    row = Array(row.prefix { $0 != UInt8(ascii: ",") }) + Array(",,\"erased\",\"\"\r\n".utf8)
                }
                kept += row
                row.removeAll(keepingCapacity: true)
            }
            try output?.write(contentsOf: kept)
            kept.removeAll(keepingCapacity: true)
        }
        try output?.write(contentsOf: row)
        return found
    }

    /// Whether a row names somebody.
    private struct RowSearch {
        private let texts: TextSearch
        private let numbers: TextSearch

        init(_ traces: Set<String>) {
            self.texts = TextSearch(traces)
            self.numbers = TextSearch(traces.filter { $0.utf8.allSatisfy { (48...57).contains($0) } })
        }

        func names(_ row: [UInt8]) -> Bool {
            if self.texts.occurs(in: row) { return true }
            // Numbers are written with blanks, hyphens and brackets.
            guard !self.numbers.isEmpty else { return false }
            return self.numbers.occurs(in: row.filter { !" -().\u{2F}+\t".utf8.contains($0) })
        }
    }
}
