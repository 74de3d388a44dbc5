package import Domain

/// One value of a contact, as a place in its batch's bytes.
package struct ContactValue: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// The contact has no such value.
        case empty
        case text
        case integer
        case decimal
        case boolean
        case date
    }

    package let kind: Kind
    /// Where the text as it was written stands in ``DecodedRows/bytes``.
    package let range: Range<UInt32>
    private let bits: UInt64

    /// Of an integer; 0 or 1 of a boolean.
    package var integer: Int64 { Int64(bitPattern: self.bits) }
    /// Of a decimal, for comparing.
    package var real: Double { Double(bitPattern: self.bits) }

    static let empty = Self(.empty, 0..<0)

    init(_ kind: Kind, _ range: Range<UInt32>, bits: UInt64 = 0) {
        self.kind = kind
        self.range = range
        self.bits = bits
    }
}

/// A contact's address, as places in its batch's bytes.
package struct ContactAddress: Hashable, Sendable {
    /// `local@domain`, as an envelope carries it; empty when the contact has no e-mail address.
    package let text: Range<UInt32>
    /// What is unique among contacts: the address in lower case (``EmailAddress/key``), or `tel:` and the number when
    /// there is only that.
    package let key: Range<UInt32>
    /// The domain in ``text``.
    package let domain: Range<UInt32>

    package var isEmpty: Bool { self.text.isEmpty }

    static let none = Self(text: 0..<0, key: 0..<0, domain: 0..<0)

    init(text: Range<UInt32>, key: Range<UInt32>, domain: Range<UInt32>) {
        self.text = text
        self.key = key
        self.domain = domain
    }
}

/// Some contacts, flat: all bytes in one array, all values in another, ready to be bound to a statement without copies.
package struct DecodedRows: Sendable {
    /// The fields of ``value(row:field:)``, in order, without the e-mail address.
    package internal(set) var fields: [Field] = []
    /// Contacts.
    package internal(set) var count = 0
    /// UTF-8 and ASCII that the ranges of values and addresses point into.
    package internal(set) var bytes: [UInt8] = []
    /// For each contact, the 1-based line of the file on which its row begins.
    package internal(set) var lines: [Int] = []
    package internal(set) var addresses: [ContactAddress] = []
    /// `count × fields.count` values, contact after contact.
    package internal(set) var values: [ContactValue] = []
    /// Whether rows say themselves whose their external ids are.
    package internal(set) var hasIDSystems = false
    /// For each contact, where that stands, if they do.
    package internal(set) var idSystems: [Range<UInt32>] = []
    /// Rows whose people must not be written to.
    package internal(set) var optOuts: [RowOptOut] = []
    /// What rows say about leave to write and nothing was made of.
    package internal(set) var unclear: [RowUnclear] = []
    /// Rows that are no contacts.
    package internal(set) var rejects: [RejectedRow] = []
    /// Values that were left out, with line, column, and what is allowed.
    package internal(set) var warnings: [Diagnostic] = []

    package init() {}

    /// Rows read: contacts and rejects.
    package var rowCount: Int { self.count + self.rejects.count }

    /// A contact's value; both numbers count from 0, `field` in ``fields``.
    @inline(__always)
    package func value(row: Int, field: Int) -> ContactValue { self.values[row * self.fields.count + field] }

    /// The bytes of a range, valid inside `body` only.
    package func withBytes<Result>(
        _ range: Range<UInt32>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        self.bytes.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
    }

    /// The text of a range.
    package func text(_ range: Range<UInt32>) -> String {
        self.withBytes(range) { String(decoding: $0, as: UTF8.self) }
    }

    /// The contact's e-mail address, or `nil` when it has none.
    package func emailAddress(row: Int) -> EmailAddress? {
        let address = self.addresses[row]
        guard !address.isEmpty else { return nil }
        return EmailAddress(
            checkedLocal: self.text(address.text.lowerBound..<(address.domain.lowerBound - 1)),
            checkedDomain: self.text(address.domain)
        )
    }

    /// The contact's telephone number, normalised; `nil` when it has none.
    package func telephone(row: Int) -> [UInt8]? {
        guard let field = self.fields.firstIndex(where: { $0.name == BuiltInField.phone.rawValue }) else { return nil }
        let value = self.value(row: row, field: field)
        return value.kind == .empty ? nil : self.withBytes(value.range) { Array($0) }
    }

    /// Gives a contact's cells in the order and form in which the store takes them.
    ///
    /// They are: address, key, domain, then each field's value. Text,
    /// numbers and days are as they were written, a boolean is `true` or `false`, and no value is an empty cell.
    package func forEachStoredCell(row: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        let address = self.addresses[row]
        let values = self.values[(row * self.fields.count)..<((row + 1) * self.fields.count)]
        self.bytes.withUnsafeBytes { bytes in
            func give(_ range: Range<UInt32>) {
                body(UnsafeRawBufferPointer(rebasing: bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
            }
            give(address.text)
            give(address.key)
            give(address.domain)
            for value in values {
                guard value.kind == .boolean else {
                    give(value.range)
                    continue
                }
                let word: StaticString = value.integer == 1 ? "true" : "false"
                word.withUTF8Buffer { body(UnsafeRawBufferPointer($0)) }
            }
        }
    }

    /// Empties the batch and keeps its memory.
    mutating func removeAll() {
        self.count = 0
        self.bytes.removeAll(keepingCapacity: true)
        self.lines.removeAll(keepingCapacity: true)
        self.addresses.removeAll(keepingCapacity: true)
        self.values.removeAll(keepingCapacity: true)
        self.idSystems.removeAll(keepingCapacity: true)
        self.optOuts.removeAll(keepingCapacity: true)
        self.unclear.removeAll(keepingCapacity: true)
        self.rejects.removeAll(keepingCapacity: true)
        self.warnings.removeAll(keepingCapacity: true)
    }
}
