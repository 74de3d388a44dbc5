/// What is wrong with a message, for tests to show.
struct MalformedMessage: Error {
    let problem: String

    init(_ problem: String) { self.problem = problem }
}

/// Takes messages apart again, strictly: what real readers forgive is an error here.
///
/// Written from the RFCs alone, without the composer's code.
struct DecodedMessage {
    /// Names as written, values unfolded.
    let headers: [(name: String, value: String)]
    let text: String?
    let html: String?

    func header(_ name: String) -> String? {
        let matches = self.headers.filter { $0.name.lowercased() == name.lowercased() }
        return matches.count == 1 ? matches[0].value : nil
    }

    /// - Parameter wire: As SMTP carries it, with doubled dots and without the final one.
    /// - Throws: ``MalformedMessage`` for anything that a strict reader refuses.
    init(_ wire: [UInt8]) throws {
        let lines = try Self.lines(wire).map { line in
            guard line.first == UInt8(ascii: ".") else { return line }
            guard line.dropFirst().first == UInt8(ascii: ".") else {
                throw MalformedMessage("a dot that is not doubled")
            }
            return Array(line.dropFirst())
        }
        let (headers, body) = try Self.split(lines[...])
        self.headers = headers
        let type = headers.first { $0.name == "Content-Type" }?.value ?? ""
        guard type.hasPrefix("multipart/alternative; boundary=\"") else {
            let part = try Self.decode(headers, body, endsWithLine: true)
            self.text = type.hasPrefix("text/plain") ? part : nil
            self.html = type.hasPrefix("text/html") ? part : nil
            return
        }
        let boundary = type.split(separator: "\"")[1]
        let parts = try Self.parts(body, boundary: "--\(boundary)").map { try Self.split($0) }
        guard parts.count == 2 else { throw MalformedMessage("\(parts.count) parts") }
        self.text = try Self.decode(parts[0].0, parts[0].1, endsWithLine: false)
        self.html = try Self.decode(parts[1].0, parts[1].1, endsWithLine: false)
    }

    static func lines(_ bytes: [UInt8]) throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 13, index + 1 < bytes.count, bytes[index + 1] == 10 {
                guard line.count <= 998 else { throw MalformedMessage("a line of \(line.count) bytes") }
                lines.append(line)
                line = []
                index += 2
                continue
            }
            guard byte == 9 || (32...126).contains(byte) else { throw MalformedMessage("byte \(byte) in a line") }
            line.append(byte)
            index += 1
        }
        guard line.isEmpty else { throw MalformedMessage("the last line does not end") }
        return lines
    }

    private static func split(
        _ lines: ArraySlice<[UInt8]>
    ) throws -> ([(name: String, value: String)], ArraySlice<[UInt8]>) {
        var headers: [(name: String, value: String)] = []
        guard let end = lines.firstIndex(of: []) else { throw MalformedMessage("no blank line after the headers") }
        for line in lines[..<end] {
            let text = String(decoding: line, as: UTF8.self)
            guard line.contains(where: { $0 != 32 && $0 != 9 }) else {
                throw MalformedMessage("a header line of blanks")
            }
            if text.first == " " {
                guard !headers.isEmpty else { throw MalformedMessage("the first line is folded") }
                headers[headers.count - 1].value += text
            } else {
                guard let colon = text.firstIndex(of: ":") else { throw MalformedMessage("no header: \(text)") }
                headers.append((String(text[..<colon]), String(text[text.index(after: colon)...].drop { $0 == " " })))
            }
        }
        return (headers, lines[lines.index(after: end)...])
    }

    private static func parts(_ body: ArraySlice<[UInt8]>, boundary: String) throws -> [ArraySlice<[UInt8]>] {
        let starts = body.indices.filter { body[$0] == Array(boundary.utf8) }
        guard let end = body.indices.last, body[end] == Array("\(boundary)--".utf8), starts.first == body.startIndex
        else {
            throw MalformedMessage("boundaries")
        }
        return zip(starts, starts.dropFirst() + [end]).map { body[($0 + 1)..<$1] }
    }

    private static func decode(
        _ headers: [(name: String, value: String)],
        _ body: ArraySlice<[UInt8]>,
        endsWithLine: Bool
    ) throws -> String {
        let bytes: [UInt8]
        guard body.allSatisfy({ $0.count <= 76 }) else { throw MalformedMessage("a body line over 76 characters") }
        switch headers.first(where: { $0.name == "Content-Transfer-Encoding" })?.value {
        case "quoted-printable": bytes = try Self.quotedPrintable(body, endsWithLine: endsWithLine)
        case "base64": bytes = try Self.base64(body.joined())
        case let other: throw MalformedMessage("transfer encoding \(other ?? "missing")")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw MalformedMessage("no UTF-8") }
        return text
    }

    static func quotedPrintable(_ lines: ArraySlice<[UInt8]>, endsWithLine: Bool) throws -> [UInt8] {
        var result: [UInt8] = []
        for (offset, line) in lines.enumerated() {
            if let last = line.last, last == 32 || last == 9 { throw MalformedMessage("a blank at the end of a line") }
            let isSoft = line.last == UInt8(ascii: "=")
            var rest = isSoft ? line.dropLast() : line[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "=") else {
                    result.append(byte)
                    continue
                }
                guard let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2
                else {
                    throw MalformedMessage("'=' without two digits")
                }
                rest = rest.dropFirst(2)
                result.append(code)
            }
            if !isSoft, endsWithLine || offset < lines.count - 1 { result += [13, 10] }
        }
        return result
    }

    static func base64(_ digits: some Sequence<UInt8>) throws -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let all = Array(digits)
        guard all.count.isMultiple(of: 4) else { throw MalformedMessage("base64 of \(all.count) digits") }
        let padding = all.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { throw MalformedMessage("base64 padding") }
        var buffer = 0
        var bits = 0
        var result: [UInt8] = []
        for digit in all.dropLast(padding) {
            guard let value = alphabet.firstIndex(of: digit) else { throw MalformedMessage("base64 digit \(digit)") }
            buffer = (buffer << 6 | value) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        return result
    }

    /// A header's text with its encoded words decoded (RFC 2047 section 6.2).
    static func words(_ value: String) throws -> String {
        var result: [UInt8] = []
        var wasEncoded = false
        for word in value.split(separator: " ", omittingEmptySubsequences: false) {
            guard word.hasPrefix("=?") else {
                if !result.isEmpty || wasEncoded { result.append(32) }
                result += word.utf8
                wasEncoded = false
                continue
            }
            let parts = word.split(separator: "?", omittingEmptySubsequences: false)
            guard word.utf8.count <= 75, parts.count == 5, parts[1] == "utf-8", parts[4] == "=" else {
                throw MalformedMessage("encoded word \(word)")
            }
            if !result.isEmpty, !wasEncoded { result.append(32) }
            let content = Array(parts[3].utf8)
            let bytes =
                parts[2] == "b"
                ? try Self.base64(content)
                : try Self.quotedPrintable([Array(parts[3].replacing("_", with: "=20").utf8)][...], endsWithLine: false)
            guard String(validating: bytes, as: UTF8.self) != nil else { throw MalformedMessage("a split character") }
            result += bytes
            wasEncoded = true
        }
        return String(decoding: result, as: UTF8.self)
    }
}
