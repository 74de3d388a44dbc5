import Domain
import Intake

/// Laws of ``TableReader``.
enum TableLaws {
    /// All that comes out of a table.
    fileprivate struct Reading: Equatable {
        var header: [String] = []
        var rows: [[[UInt8]]] = []
        var lines: [Int] = []
        var raw: [[UInt8]] = []
        var rejects: [RejectedRow] = []
        var warnings: [Diagnostic] = []
        var problem: Diagnostic?
    }

    static func check(_ bytes: [UInt8]) throws {
        let whole = try Self.read([bytes[...]])
        let pieces = try Self.read(Pieces.of(bytes))
        try law(whole == pieces, "a table is read the same however it comes:\n\(whole)\n\(pieces)")
        guard whole.problem == nil else { return }
        let lineCount = 1 + bytes.count { $0 == 10 || $0 == 13 }
        try law(zip(whole.lines, whole.lines.dropFirst()).allSatisfy { $0 < $1 }, "lines rise")
        let places = whole.lines + whole.rejects.map(\.line) + whole.warnings.map(\.line)
        try law(places.allSatisfy { (1...lineCount).contains($0) }, "a place is a line of the file: \(places)")
        for (row, raw) in zip(whole.rows, whole.raw) {
            try law(row.count == whole.header.count, "a row has as many cells as the header")
            for cell in row {
                try law(String(validating: cell, as: UTF8.self) != nil, "a cell is text")
                try law(!cell.contains(0), "a cell has no NUL")
                try law(cell.count <= TableReader.cellBytesMax, "a cell is bounded")
            }
            // A byte of Windows-1252 is up to three in UTF-8.
            try law(
                row.reduce(0) { $0 + $1.count } <= 3 * raw.count,
                "cells are no longer than their row: \(row) of \(raw)"
            )
        }
        for reject in whole.rejects {
            try law(!reject.reason.isEmpty && reject.raw.count <= RejectedRow.rawBytesMax, "a reject has a reason")
        }
    }

    private static func read(_ pieces: [ArraySlice<UInt8>]) throws -> Reading {
        let reader = TableReader()
        var reading = Reading()
        var batch = TableBatch()
        func drain() throws {
            do throws(Diagnostic) {
                while try reader.read(into: &batch) { reading.take(batch) }
            } catch {
                reading.problem = error
            }
        }
        for piece in pieces {
            reader.push(Array(piece))
            try drain()
            if reading.problem != nil { return reading }
        }
        reader.finish()
        try drain()
        reading.header = reader.header
        return reading
    }
}

extension TableLaws.Reading {
    fileprivate mutating func take(_ batch: TableBatch) {
        for row in 0..<batch.count {
            self.rows.append((0..<batch.columnCount).map { batch.withCell(row: row, column: $0) { Array($0) } })
            self.raw.append(Array(batch.raw(row: row)))
        }
        self.lines += batch.lines
        self.rejects += batch.rejects
        self.warnings += batch.warnings
    }
}
