/// A message taken apart by its bytes alone, without the composer's code.
struct ComposedMessage {
    /// The headers' names in their order, without those of parts.
    let names: [String]
    /// Decoded, one for each part.
    let bodies: [[UInt8]]
    /// The message without doubled dots.
    let unstuffed: [UInt8]

    /// - Parameter wire: As SMTP carries it, without the final dot.
    /// - Throws: ``BrokenLaw`` for what a strict relay or reader refuses.
    init(wire: [UInt8]) throws {
        var lines = try Self.lines(wire)
        for index in lines.indices where lines[index].first == 46 {
            try law(lines[index].count > 1 && lines[index][1] == 46, "a dot that begins a line is doubled")
            lines[index].removeFirst()
        }
        self.unstuffed = lines.flatMap { $0 + [13, 10] }
        let (headers, body) = try Self.split(lines[...])
        self.names = headers.map(\.name)
        let type = headers.first { $0.name == "Content-Type" }?.value ?? ""
        guard type.hasPrefix("multipart/"), let boundary = type.split(separator: "\"").dropFirst().first else {
            self.bodies = [try Self.decode(headers, body, isPart: false)]
            return
        }
        let separator = Array("--\(boundary)".utf8)
        let starts = body.indices.filter { body[$0] == separator }
        let ends = body.indices.filter { body[$0] == separator + [45, 45] }
        try law(starts.count == 2 && ends == [body.endIndex - 1], "there are two parts and one end")
        self.bodies = try zip(starts, [starts[1], ends[0]]).map { start, end in
            let (headers, content) = try Self.split(body[(start + 1)..<end])
            return try Self.decode(headers, content, isPart: true)
        }
    }

    /// LF for every LF, CR and CRLF.
    static func withPlainLineEnds(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == 13 { result.append(10) } else if byte != 10 || previous != 13 { result.append(byte) }
            previous = byte
        }
        return result
    }

    private static func lines(_ wire: [UInt8]) throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        for (index, byte) in wire.enumerated() {
            switch byte {
            case 13: try law(index + 1 < wire.count && wire[index + 1] == 10, "no CR stands alone")
            case 10:
                try law(index > 0 && wire[index - 1] == 13, "no LF stands alone")
                try law(line.count <= 998, "a line has at most 998 bytes: \(line.count)")
                lines.append(line)
                line = []
            default:
                try law(byte == 9 || (32...126).contains(byte), "a message is visible ASCII: \(byte)")
                line.append(byte)
            }
        }
        try law(line.isEmpty, "the last line ends")
        return lines
    }

    private static func split(
        _ lines: ArraySlice<[UInt8]>
    ) throws -> (headers: [(name: String, value: String)], body: ArraySlice<[UInt8]>) {
        guard let end = lines.firstIndex(of: []) else { throw BrokenLaw("an empty line ends the headers") }
        var headers: [(name: String, value: String)] = []
        for line in lines[..<end] {
            try law(line.contains { $0 != 32 && $0 != 9 }, "no header line is all blanks")
            if line[0] == 32 || line[0] == 9 {
                try law(!headers.isEmpty, "the first line is not folded")
                continue
            }
            guard let colon = line.firstIndex(of: 58) else { throw BrokenLaw("a header has a colon") }
            let value = String(decoding: line[(colon + 1)...].drop { $0 == 32 }, as: UTF8.self)
            headers.append((String(decoding: line[..<colon], as: UTF8.self), value))
        }
        return (headers, lines[(end + 1)...])
    }

    private static func decode(
        _ headers: [(name: String, value: String)],
        _ body: ArraySlice<[UInt8]>,
        isPart: Bool
    ) throws -> [UInt8] {
        try law(body.allSatisfy { $0.count <= 76 }, "an encoded line has at most 76 characters")
        switch headers.first(where: { $0.name == "Content-Transfer-Encoding" })?.value {
        case "quoted-printable":
            // The line end before a boundary belongs to the boundary.
            return try Self.quotedPrintable(body, lastLineEnds: !isPart)
        case "base64": return try Self.base64(body.flatMap { $0 })
        case let other: throw BrokenLaw("the encoding is one of two: \(other ?? "none")")
        }
    }

    private static func quotedPrintable(_ lines: ArraySlice<[UInt8]>, lastLineEnds: Bool) throws -> [UInt8] {
        var result: [UInt8] = []
        for index in lines.indices {
            let line = lines[index]
            try law(line.last != 32 && line.last != 9, "no encoded line ends in a blank")
            let isSoft = line.last == 61
            var rest = isSoft ? line.dropLast() : line[...]
            while let byte = rest.popFirst() {
                guard byte == 61 else {
                    result.append(byte)
                    continue
                }
                guard let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2
                else { throw BrokenLaw("two digits follow an =") }
                rest = rest.dropFirst(2)
                result.append(code)
            }
            if !isSoft, lastLineEnds || index < lines.endIndex - 1 { result += [13, 10] }
        }
        return result
    }

    private static func base64(_ digits: [UInt8]) throws -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        try law(digits.count.isMultiple(of: 4), "base64 comes in fours")
        var result: [UInt8] = []
        var (buffer, bits) = (0, 0)
        for digit in digits where digit != 61 {
            guard let value = alphabet.firstIndex(of: digit) else { throw BrokenLaw("a digit is one: \(digit)") }
            buffer = (buffer << 6 | value) & 0xFFFF
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            result.append(UInt8(truncatingIfNeeded: buffer >> bits))
        }
        return result
    }
}
