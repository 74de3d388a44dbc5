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
    ///   - people: Of each, addresses, and digits of telephone numbers however they are written in the file.
    ///   - path: Of a file that nobody else writes to meanwhile; none is there when nothing was rejected.
    /// - Returns: For each of them, the rows that were emptied.
    /// - Throws: ``FileFault``.
    static func erase(_ people: [Set<String>], in path: String) throws(FileFault) -> [Int] {
        var rows = Rows(people)
        guard let input = FileHandle(forReadingAtPath: path) else { return rows.found }
        defer { try? input.close() }
        do {
            try self.copy(input, &rows, to: nil)
            guard rows.found.contains(where: { $0 > 0 }) else { return rows.found }
            try input.seek(toOffset: 0)
            rows = Rows(people)
            let part = path + Self.part
            guard FileManager.default.createFile(atPath: part, contents: nil, attributes: [.posixPermissions: 0o600]),
                let output = FileHandle(forWritingAtPath: part)
            else { throw FileFault(path: part, code: errno) }
            defer { try? output.close() }
            try self.copy(input, &rows, to: output)
            try output.synchronize()
            guard rename(part, path) == 0 else { throw FileFault(path: path, code: errno) }
            return rows.found
        } catch {
            throw error as? FileFault ?? FileFault(path: path, code: errno)
        }
    }

    /// Ends the name of a copy that is being made.
    private static let part = ".part"

    /// Removes what a process that died left half made: nobody would ever look for anybody in there.
    ///
    /// - Parameter folder: Of reject files; no import, trial or erasure runs.
    static func removeLeftovers(in folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasSuffix(Self.part) || name.hasPrefix(ScratchFile.prefix) {
            _ = unlink("\(folder)/\(name)")
        }
    }

    /// Goes through the rows; the file is as ``RejectWriter`` makes it.
    private static func copy(_ input: FileHandle, _ rows: inout Rows, to output: FileHandle?) throws {
        var (row, kept, isQuoted): ([UInt8], [UInt8], Bool) = ([], [], false)
        while let piece = try input.read(upToCount: 1 << 16), !piece.isEmpty {
            for byte in piece {
                row.append(byte)
                // A quote inside a cell is written twice.
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                guard byte == UInt8(ascii: "\n"), !isQuoted else { continue }
                if rows.names(row) {
                    row = Array(row.prefix { $0 != UInt8(ascii: ",") }) + Array(",,\"erased\",\"\"\r\n".utf8)
                }
                if output != nil { kept += row }
                row.removeAll(keepingCapacity: true)
            }
            try output?.write(contentsOf: kept)
            kept.removeAll(keepingCapacity: true)
        }
        try output?.write(contentsOf: row)
    }

    /// Which rows name which people.
    private struct Rows {
        private let all: RowSearch
        private let people: [RowSearch]
        /// Rows of each.
        private(set) var found: [Int]

        init(_ people: [Set<String>]) {
            self.all = RowSearch(people.reduce(into: []) { $0.formUnion($1) })
            self.people = people.map { RowSearch($0) }
            self.found = people.map { _ in 0 }
        }

        mutating func names(_ row: [UInt8]) -> Bool {
            guard self.all.names(row) else { return false }
            for (index, person) in self.people.enumerated() where person.names(row) { self.found[index] += 1 }
            return true
        }
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
