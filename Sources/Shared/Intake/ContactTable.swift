package import Domain

/// Reads a whole file of contacts that comes in pieces: header, types of new fields, rows.
///
/// Push bytes, then read batches until there are none; at the end `finish`, and read again. Until enough rows are
/// here to know the types of fields that are new, rows are held back, at most ``TypeInference/rowsMax`` and
/// ``heldBytesMax``.
package final class ContactTable {
    /// Bounds what is held back for the types of new fields.
    package static let heldBytesMax = 16 << 20

    /// Known once the header was read.
    package private(set) var mapping: HeaderMapping?
    /// Known once the first batch was read: the fields of the file, the e-mail address left out.
    package private(set) var fields: [Field] = []
    /// Those of ``fields`` whose type nothing tells: neither earlier imports nor the user, and the rows that were looked at have no value.
    package private(set) var untold: Set<String> = []

    /// A layout without a header that the file is said to have, or by which it was recognised.
    package var layout: Layout? { self.rejectedLayout ?? self.reader?.layout ?? self.map.layout }
    /// The layout of rows that were rejected, and come again with a header.
    private var rejectedLayout: Layout?
    /// What the user may want to know of the columns, known with ``fields``.
    package private(set) var warnings: [Diagnostic] = []

    private var choice = RowReaderChoice()
    private var reader: (any RowReader)?
    private let knownTypes: [String: FieldType]
    private let map: ColumnMap
    private let policy: AddressPolicy
    private var inference: TypeInference?
    private var decoder: ContactRowDecoder?
    private var held: [TableBatch] = []
    private var heldBytes = 0
    private var spare = TableBatch()
    private var isFinished = false

    /// - Parameters:
    ///   - knownFields: Fields that earlier imports defined; their types stay, where they are settled.
    ///   - map: What the user says about the file.
    ///   - policy: Which forms of addresses are taken.
    package init(knownFields: [Field], map: ColumnMap = ColumnMap(), policy: AddressPolicy = .contacts) {
        self.knownTypes = Dictionary(knownFields.filter { !$0.isOpen }.map { ($0.name, $0.type) }) { first, _ in first }
        self.map = map
        self.policy = policy
    }

    /// Takes the next piece of the file.
    package func push(_ bytes: UnsafeRawBufferPointer) {
        if let reader { reader.push(bytes) } else { self.reader = self.choice.push(bytes, self.map.form) }
    }

    /// Takes the next piece of the file.
    package func push(_ bytes: [UInt8]) { bytes.withUnsafeBytes { self.push($0) } }

    /// Says that the file ends here.
    package func finish() {
        let reader = self.reader ?? self.choice.finish(self.map.form)
        self.reader = reader
        reader.finish()
        self.isFinished = true
    }

    /// Reads contacts into `batch`, which is emptied first and keeps its memory.
    ///
    /// - Returns: Whether there are any rows. `false`: push more, or the file is read to its end.
    /// - Throws: When the file is no table, or its header does not do.
    package func read(into batch: inout DecodedRows) throws(Diagnostics) -> Bool {
        batch.removeAll()
        if self.decoder == nil { try self.settleTypes() }
        guard let decoder = self.decoder else { return false }
        if !self.held.isEmpty {
            decoder.decode(self.held.removeLast(), into: &batch)
            return true
        }
        guard try self.readRows(into: &self.spare) else { return false }
        decoder.decode(self.spare, into: &batch)
        return true
    }

    /// Holds rows back until the types of all fields can be told.
    private func settleTypes() throws(Diagnostics) {
        guard let mapping = try self.readMapping() else { return }
        var inference = self.inference ?? TypeInference(columnCount: mapping.columns.count)
        defer { self.inference = inference }
        // What was settled before goes before what is said now: values are there by that type.
        let said = self.saidTypes(mapping)
        var types = self.knownTypes.merging(said) { known, _ in known }
        let isNeeded = mapping.fields.contains { name, _ in
            BuiltInField(rawValue: name) == nil
                && (types[name] == nil || types[name] == .date && self.saidOrder(of: name) == nil)
        }
        if isNeeded {
            var batch = TableBatch()
            while inference.rowCount < TypeInference.rowsMax, self.heldBytes < Self.heldBytesMax,
                try self.readRows(into: &batch)
            {
                inference.observe(batch)
                self.heldBytes += batch.raw.count
                self.held.append(batch)
                batch = TableBatch()
            }
            guard
                self.isFinished || inference.rowCount >= TypeInference.rowsMax || self.heldBytes >= Self.heldBytesMax
            else { return }
        }
        let usual = HeaderSynonyms.dayOrder(ofSystem: mapping.idSystem)
        var days: [String: DayColumn] = [:]
        for (name, column) in mapping.fields {
            if types[name] == nil, BuiltInField(rawValue: name) == nil, !inference.hasValues(column: column) {
                self.untold.insert(name)
            }
            let type = types[name] ?? inference.type(column: column, name: name, usualDayOrder: usual)
            types[name] = type
            let order = self.saidOrder(of: name) ?? inference.dayOrder(column: column, usual: usual)
            guard type == .date || said[name] == .date else { continue }
            days[name] = DayColumn(order: order, isSaid: said[name] == .date)
        }
        self.warnings = mapping.warnings + self.contradictions(mapping, said)
        let decoder = ContactRowDecoder(mapping: mapping, types: types, days: days, policy: self.policy)
        self.fields = decoder.fields
        self.decoder = decoder
        // Read from the end.
        self.held.reverse()
    }

    /// Types that the user gives, or the layout has.
    private func saidTypes(_ mapping: HeaderMapping) -> [String: FieldType] {
        let layout = Dictionary((self.layout?.days ?? []).map { ($0, FieldType.date) }) { first, _ in first }
        return self.map.types.merging(layout) { user, _ in user }
    }

    private func saidOrder(of name: String) -> DayOrder? {
        self.map.dayOrders[name] ?? (self.layout?.days.contains(name) == true ? self.layout?.dayOrder : nil)
    }

    /// What is said of types that were settled otherwise.
    private func contradictions(_ mapping: HeaderMapping, _ said: [String: FieldType]) -> [Diagnostic] {
        mapping.fields.compactMap { name, column in
            guard let known = self.knownTypes[name], let said = said[name], known != said,
                BuiltInField(rawValue: name) == nil
            else { return nil }
            let days =
                switch known {
                case _ where said != .date: ""
                case .text: "; its days stay as they are written and cannot be compared as days"
                case .integer: "; a day stands there as 20261122"
                default: ""
                }
            let reason = "\(name) is not \(said.rawValue) but \(known.rawValue), as its first import settled\(days)"
            return Diagnostic(.warning, line: 1, column: column + 1, reason)
        }
    }

    private func readMapping() throws(Diagnostics) -> HeaderMapping? {
        if let mapping = self.mapping { return mapping }
        let header: [String]?
        do throws(Diagnostic) { header = try self.reader?.readHeader() } catch { throw Diagnostics([error]) }
        guard let header else { return nil }
        var map = self.map
        self.rejectedLayout = Layout.rejected(header)
        if let layout = self.rejectedLayout ?? self.reader?.layout {
            map.idSystem = map.idSystem ?? layout.idSystem
            map.keepsWithoutAddress = true
        }
        let isExport = self.reader?.isExport == true
        let mapping = try HeaderMapping.make(headers: header, map: map, isExport: isExport).get()
        self.mapping = mapping
        return mapping
    }

    private func readRows(into batch: inout TableBatch) throws(Diagnostics) -> Bool {
        guard let reader else { return false }
        do throws(Diagnostic) { return try reader.read(into: &batch) } catch { throw Diagnostics([error]) }
    }
}
