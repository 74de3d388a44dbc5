import SwiftProtobuf

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Why a message's columns do not fit together, in a sentence fit for a `Problem` message.
package struct ColumnError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The column, as `worker.proto` calls it.
    package let column: String
    /// What is wrong, and what is allowed.
    package let problem: String

    package init(_ column: String, _ problem: String) {
        self.column = column
        self.problem = problem
    }

    package var description: String { "\(self.column): \(self.problem)" }
}

/// Texts of one column in one piece of memory; the bounds of every value are known to be right.
///
/// Value `i` is `bytes[range(of: i)]`. Nothing says that it is UTF-8.
package struct StringColumn: Hashable, Sendable {
    /// All values, one after another.
    package let bytes: [UInt8]
    private let ends: [UInt32]

    /// Checks a column once, so that no access to it has to.
    ///
    /// - Parameters:
    ///   - strings: As it came; anything may be in it.
    ///   - count: How many values the column must have.
    ///   - name: The column's, for the error.
    /// - Throws: ``ColumnError`` when there are more or fewer values, or one of them ends before its beginning or after the text.
    package init(_ strings: WireStrings, count: Int, name: String) throws(ColumnError) {
        guard strings.end.count == count else {
            throw ColumnError(name, "\(strings.end.count) values for \(count) targets")
        }
        var last: UInt32 = 0
        for end in strings.end {
            guard end >= last else {
                throw ColumnError(name, "a value ends at \(end), before its beginning at \(last)")
            }
            last = end
        }
        guard Int(last) == strings.text.count else {
            throw ColumnError(name, "the last value ends at \(last), the text at \(strings.text.count)")
        }
        self.bytes = Array(strings.text)
        self.ends = strings.end
    }

    package var count: Int { self.ends.count }

    /// Where a value stands in ``bytes``.
    ///
    /// - Parameter index: 0 up to ``count``, excluded.
    /// - Returns: Empty for an empty value.
    package func range(of index: Int) -> Range<Int> {
        let start = index == 0 ? 0 : Int(self.ends[index - 1])
        return start..<Int(self.ends[index])
    }

    /// A value's bytes, without a copy.
    package subscript(index: Int) -> ArraySlice<UInt8> { self.bytes[self.range(of: index)] }
}

/// Puts the texts of one column together.
package struct StringColumnBuilder: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [UInt32] = []

    /// - Parameters:
    ///   - values: How many are expected.
    ///   - byteCount: How long they are expected to be together.
    package init(expecting values: Int = 0, byteCount: Int = 0) {
        self.ends.reserveCapacity(values)
        self.bytes.reserveCapacity(byteCount)
    }

    /// Length of all values together.
    package var byteCount: Int { self.bytes.count }

    /// Adds a value, which may be empty.
    package mutating func append(_ value: some Sequence<UInt8>) {
        self.bytes.append(contentsOf: value)
        self.endValue()
    }

    /// Adds a value, which may be empty.
    package mutating func append(_ value: UnsafeRawBufferPointer) {
        self.bytes.append(contentsOf: value)
        self.endValue()
    }

    /// Adds a value, which may be empty.
    package mutating func append(_ value: String) {
        self.bytes.append(contentsOf: value.utf8)
        self.endValue()
    }

    /// The column as a message has it.
    package func strings() -> WireStrings {
        WireStrings.with {
            $0.text = Data(self.bytes)
            $0.end = self.ends
        }
    }

    private mutating func endValue() {
        precondition(self.bytes.count <= UInt32.max, "a column of 4 GiB fits no frame")
        self.ends.append(UInt32(self.bytes.count))
    }
}
