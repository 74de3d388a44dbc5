/// Where a template's values come from, and which sections are open.
///
/// Names are given by their number in ``Template/names``. The renderer is generic over this, so that it is compiled for rows of
/// fields without any indirection, and still runs the specification's examples with their nested data.
package protocol TemplateScope {
    /// Opens a section on a value, with its first item (or the value itself) as the implicit iterator.
    ///
    /// - Returns: `false` when the value is false or has no items; then no section was opened.
    mutating func open(_ name: Int) -> Bool

    /// Moves the innermost open section to its next item, or closes it.
    ///
    /// - Returns: Whether there was another item.
    mutating func advance() -> Bool

    /// Whether a section on this value would be entered.
    func isTrue(_ name: Int) -> Bool

    /// Prints a value; an absent one prints nothing.
    func print(_ name: Int, escaped: Bool, into out: inout MessageBytes)
}

/// Why a message could not be made.
///
/// The target is then `failed` with reason `render`.
package enum RenderError: Error, Hashable, Sendable {
    /// More than ``MessageComposer/messageBytesMax`` bytes.
    case tooLarge
    /// Partials included themselves without end.
    case tooDeep
    /// The campaign has no variant of that index.
    case unknownVariant(Int)
    /// The row does not have the campaign's columns, or they do not reach to its index.
    case rowMismatch
    /// The recipient is no address that a header line can carry in ASCII.
    case unusableRecipient
    /// Lane or position is negative or beyond 32 bits.
    case unusableTarget
    /// A signature that it needs could not be made.
    case unsigned

    /// One sentence for operators.
    package var description: String {
        switch self {
        case .tooLarge: "the message has more than \(MessageComposer.messageBytesMax) bytes"
        case .tooDeep: "partials include each other more than \(Template.callDepthMax) times"
        case .unknownVariant(let index): "the campaign has no variant number \(index)"
        case .rowMismatch: "the row does not have the campaign's fields"
        case .unusableRecipient: "the recipient's address cannot stand in a header"
        case .unusableTarget: "the target's lane or position is out of range"
        case .unsigned: "the message could not be signed"
        }
    }
}

extension Template {
    /// Calls that may be open at once.
    ///
    /// Only recursive partials reach it.
    static let callDepthMax = 512

    /// Runs the program.
    ///
    /// - Parameters:
    ///   - scope: The values, with no section open.
    ///   - out: Gets the rendered bytes behind what it holds.
    ///   - bytesMax: Most bytes that may be added to it.
    /// - Throws: ``RenderError/tooLarge`` or ``RenderError/tooDeep``.
    @inline(__always)
    func run<Scope: TemplateScope>(
        _ scope: inout Scope,
        into out: inout MessageBytes,
        bytesMax: Int
    ) throws(RenderError) {
        let countMax = out.count + bytesMax
        var returns: [Int] = []
        var next = 0
        while true {
            let operation = self.operations[next]
            next += 1
            switch operation {
            case .literal(let start, let count):
                self.literals.withUnsafeBufferPointer {
                    out.append(UnsafeBufferPointer(rebasing: $0[Int(start)..<Int(start + count)]))
                }
                guard out.count <= countMax else { throw .tooLarge }
            case .print(let name, let escaped):
                scope.print(Int(name), escaped: escaped, into: &out)
                guard out.count <= countMax else { throw .tooLarge }
            case .link(let name, let escaped):
                let start = out.count
                scope.print(Int(name), escaped: escaped, into: &out)
                if !LinkStart.isAllowed(UnsafeBufferPointer(rebasing: out.bytes[start...])) { out.truncate(to: start) }
                guard out.count <= countMax else { throw .tooLarge }
            case .section(let name, let past):
                if !scope.open(Int(name)) { next = Int(past) }
            case .inverted(let name, let past):
                if scope.isTrue(Int(name)) { next = Int(past) }
            case .loop(let body):
                if scope.advance() { next = Int(body) }
            case .call(let routine):
                guard returns.count < Self.callDepthMax else { throw .tooDeep }
                returns.append(next)
                next = Int(routine)
            case .return:
                guard let back = returns.popLast() else { return }
                next = back
            }
        }
    }

    /// Renders with any scope; for data that is no row of fields.
    package func render(_ scope: inout some TemplateScope) throws(RenderError) -> [UInt8] {
        var out = MessageBytes(capacity: 1_024)
        try self.run(&scope, into: &out, bytesMax: MessageComposer.messageBytesMax)
        return Array(out.bytes)
    }
}

extension MessageBytes {
    /// Appends a value as HTML text or attribute: `& < > " '` as character references.
    @inline(__always)
    package mutating func appendEscapingHTML(_ value: UnsafeBufferPointer<UInt8>) {
        // The longest reference has six bytes.
        self.reserve(value.count * 6)
        var target = self.free
        for byte in value {
            if Self.isHTMLSpecial[Int(byte)] {
                target += Self.copyReference(for: byte, to: target)
            } else {
                target.pointee = byte
                target += 1
            }
        }
        self.advance(by: target - self.free)
    }

    private static let isHTMLSpecial: [Bool] = (0...255).map { "&<>\"'".utf8.contains(UInt8($0)) }

    private static func copyReference(for byte: UInt8, to target: UnsafeMutablePointer<UInt8>) -> Int {
        let reference: StaticString =
            switch byte {
            case UInt8(ascii: "&"): "&amp;"
            case UInt8(ascii: "<"): "&lt;"
            case UInt8(ascii: ">"): "&gt;"
            case UInt8(ascii: "\""): "&quot;"
            default: "&#39;"
            }
        target.update(from: reference.utf8Start, count: reference.utf8CodeUnitCount)
        return reference.utf8CodeUnitCount
    }
}
