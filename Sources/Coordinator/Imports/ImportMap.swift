import Domain
import Foundation
import Intake
import UserFiles

extension ColumnMap {
    /// Reads what a request says about a file's columns.
    ///
    /// - Parameters:
    ///   - layout: Name of a ready-made layout; `nil` for none.
    ///   - json: A ``MapFile`` as JSON; `nil` for none.
    /// - Throws: ``Problem`` that names the parameter and what is allowed.
    init(layout: String?, json: String?) throws {
        self.init()
        if let layout {
            guard let known = Layout.named(layout) else {
                let names = Layout.all.map(\.name).joined(separator: ", ")
                throw Problem.badRequest("There is no layout \(layout.prefix(40)); layout must be one of \(names).")
            }
            self = ColumnMap(known)
        }
        guard let json else { return }
        do {
            try self.apply(JSONDecoder().decode(MapFile.self, from: Data(json.utf8)))
        } catch is DecodingError {
            throw Problem.badRequest("map must be JSON with the keys of a mapping file.")
        }
    }

    private mutating func apply(_ file: MapFile) throws {
        if let name = file.separator {
            self.form.delimiter = try Self.choose(name, "separator", TableForm.separators.map { ($0.name, $0.byte) })
        }
        if let name = file.encoding {
            self.form.encoding = try Self.choose(
                name,
                "encoding",
                TextEncoding.allCases.map { ($0.rawValue.lowercased(), $0) }
            )
        }
        if let word = file.quotes {
            self.form.hasQuotes = try Self.choose(word, "quotes", [("double", true), ("none", false)])
        }
        if let columns = file.columns { self.form.columns = columns }
        if let header = file.header { self.form.hasHeader = header }
        guard self.form.hasHeader || self.form.columns?.isEmpty == false else {
            throw Problem.badRequest("map says that there is no header, and names no columns.")
        }
        for (header, field) in file.fields ?? [:] {
            if field.isEmpty { self.leftOut.insert(header) } else { self.names[header] = field }
        }
        for (name, type) in file.types ?? [:] {
            let plain = FieldType.allCases.map { ($0.rawValue, ($0, DayOrder?.none)) }
            let ordered = DayOrder.allCases.map { ("date \($0.rawValue)", (FieldType.date, DayOrder?.some($0))) }
            let (type, order) = try Self.choose(type, "type", plain + ordered)
            self.types[name] = type
            self.dayOrders[name] = order
        }
        if let system = file.idSystem {
            guard MapFile.isWord(system) else {
                throw Problem.badRequest("map.id_system must be 1 to 32 of a-z, 0-9 and _.")
            }
            self.idSystem = system
        }
        if let word = file.optOuts {
            self.heedsOptOuts = try Self.choose(word, "opt_outs", [("heed", true), ("ignore", false)])
        }
        if let word = file.withoutAddress {
            self.keepsWithoutAddress = try Self.choose(word, "without_address", [("keep", true), ("reject", false)])
        }
    }

    private static func choose<Value>(_ name: String, _ key: String, _ values: [(String, Value)]) throws -> Value {
        if let value = values.first(where: { $0.0 == name }) { return value.1 }
        let names = values.map(\.0).joined(separator: ", ")
        throw Problem.badRequest("map.\(key) must be one of \(names).")
    }
}
