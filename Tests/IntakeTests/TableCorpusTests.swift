import Foundation
import Testing

@testable import Intake

/// Reads the tables that others wrote, when they are there.
@Suite("Table corpus")
struct TableCorpusTests {
    @Test("every table of the corpus gives exactly the JSON beside it", arguments: [1, 3, 1 << 16])
    func corpus(pieceSize: Int) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../shared/corpora/csv").standardizedFileURL
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
            print("skipped: no \(folder.path)")
            return
        }
        let tables = names.filter { $0.hasSuffix(".csv") }.sorted()
        #expect(tables.count == 11)
        for name in tables {
            let file = folder.appendingPathComponent(name)
            let expected = try JSONSerialization.jsonObject(
                with: Data(contentsOf: file.deletingPathExtension().appendingPathExtension("json"))
            )
            let table = try WholeTable(Array(try Data(contentsOf: file)), pieceSize: pieceSize)
            let rows = table.rows.map { Dictionary(uniqueKeysWithValues: zip(table.header, $0)) }
            #expect(rows == expected as? [[String: String]], "\(name)")
            #expect(table.rejects.isEmpty && table.warnings.isEmpty, "\(name)")
        }
    }
}
