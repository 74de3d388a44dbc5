import Domain
import Mail

/// Laws of compiling and rendering.
///
/// The bytes are a template, then the values of a row, then partials, each ended by 0x1F (which no keyboard has).
enum TemplateLaws {
    private static let fields = [
        Field(name: "first_name", type: .text), Field(name: "city", type: .text),
        Field(name: "member", type: .boolean), Field(name: "age", type: .integer),
    ]
    private static let partialNames = ["greeting", "footer"]
    /// Enough for every bound to be reached, little enough for thousands of templates a second.
    private static let renderedBytesMax = 1 << 16

    static func check(_ bytes: [UInt8]) throws {
        let parts = bytes.split(separator: 0x1F, omittingEmptySubsequences: false).map { Array($0) }
        func part(_ index: Int) -> [UInt8] { parts.indices.contains(index) ? parts[index] : [] }
        let text = String(decoding: part(0), as: UTF8.self)
        let values = Self.fields.indices.map { part(1 + $0) }
        var partials: [String: String] = [:]
        for (index, name) in Self.partialNames.enumerated() {
            partials[name] = String(decoding: part(1 + Self.fields.count + index), as: UTF8.self)
        }
        guard let plain = try Self.compile(text, .none, partials), let html = try Self.compile(text, .html, partials)
        else { return }
        try Self.checkRendering(plain, html, Self.row(values))
        // What nothing has to be escaped in comes out the same either way.
        let harmless = values.map { $0.filter { !"&<>\"'".utf8.contains($0) } }
        let one = try Self.render(plain, Self.row(harmless))
        let other = try Self.render(html, Self.row(harmless))
        try law(one == other, "escaping changes nothing but the five characters")
    }

    private static func compile(
        _ text: String,
        _ escaping: Template.Escaping,
        _ partials: [String: String]
    ) throws -> BoundTemplate? {
        do throws(InvalidContent) {
            let template = try Template(text, escaping: escaping, file: "t", partials: partials)
            return try BoundTemplate(template, fields: Self.fields)
        } catch {
            try law(!error.diagnostics.isEmpty, "a refusal says why")
            try law(error.diagnostics.count <= Template.diagnosticsMax + 1, "problems are bounded")
            try law(error.diagnostics.allSatisfy { $0.line >= 1 }, "a problem has a line: \(error.diagnostics)")
            return nil
        }
    }

    private static func row(_ values: [[UInt8]]) -> FieldRow {
        let columns = values.compactMap { FieldColumn(text: $0, end: [UInt32($0.count)]) }
        return FieldRow(columns: columns, index: 0)
    }

    private static func checkRendering(_ plain: BoundTemplate, _ html: BoundTemplate, _ row: FieldRow) throws {
        let (text, markup) = (try Self.render(plain, row), try Self.render(html, row))
        try law(try Self.render(plain, row) == text, "a row renders the same every time")
        if let text, let markup { try law(text.count <= markup.count, "escaping only ever adds") }
    }

    /// - Returns: `nil` when there is more than fits.
    private static func render(_ template: BoundTemplate, _ row: FieldRow) throws -> [UInt8]? {
        var out = MessageBytes(capacity: 256)
        do throws(RenderError) {
            try template.render(row, into: &out, bytesMax: Self.renderedBytesMax)
        } catch {
            try law(error == .tooLarge, "a bound template renders, or is too large: \(error)")
            return nil
        }
        try law(out.count <= Self.renderedBytesMax, "what is rendered is bounded")
        return Array(out.bytes)
    }
}
