/// Reply codes and enhanced status codes (RFC 3463) in running text.
struct StatusText {
    /// As in `5.1.1`; empty when the text has none.
    private(set) var status = ""
    /// As in 550; `nil` when the text has none.
    private(set) var code: Int?

    /// Reads lines.
    ///
    /// - Parameters:
    ///   - lines: The text.
    ///   - stated: The `Status` field of a delivery status, if there is one: it counts where the text is vaguer.
    init(_ lines: [Substring], stated: String = "") {
        var statuses: [String] = []
        for line in lines {
            let (code, pair, all) = Self.scan(line)
            if self.code == nil { self.code = code }
            if let pair, self.status.isEmpty {
                self.status = pair
                self.code = code
            }
            statuses += all
        }
        if !self.status.isEmpty { return }
        let precise = statuses.first { !$0.hasSuffix(".0.0") }
        self.status = precise ?? (stated.isEmpty ? statuses.first ?? "" : stated)
    }

    /// Whether a line has a code of either kind.
    static func occurs(in line: Substring) -> Bool {
        let (code, _, all) = Self.scan(line)
        return code != nil || !all.isEmpty
    }

    /// The first reply code of a line, the status that stands right behind it, and all statuses.
    private static func scan(_ line: Substring) -> (code: Int?, pair: String?, all: [String]) {
        let bytes = Array(line.utf8)
        var code: Int?
        var pair: String?
        var all: [String] = []
        var index = 0
        var codeEnd = -10
        while index < bytes.count {
            guard bytes[index] >= 0x30, bytes[index] <= 0x39 else {
                index += 1
                continue
            }
            var end = index
            while end < bytes.count, Self.isNumber(bytes[end]) { end += 1 }
            // A dot at the end is the sentence's.
            var last = end
            while last > index, bytes[last - 1] == UInt8(ascii: ".") { last -= 1 }
            let text = String(decoding: bytes[index..<last], as: UTF8.self)
            let before = index == 0 ? 0x20 : bytes[index - 1]
            if Self.isStatus(text) {
                all.append(text)
                let isClose = index - codeEnd <= 3
                if isClose, pair == nil, let code, String(code).first == text.first, !text.hasSuffix(".0.0") {
                    pair = text
                }
            } else if code == nil || pair == nil,
                Self.isCode(text, before: before, after: end < bytes.count ? bytes[end] : 0x20)
            {
                if code == nil { code = Int(text) }
                codeEnd = end
            }
            index = max(end, index + 1)
        }
        return (code, pair, all)
    }

    private static func isNumber(_ byte: UInt8) -> Bool {
        byte >= 0x30 && byte <= 0x39 || byte == UInt8(ascii: ".")
    }

    private static func isStatus(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, ["2", "4", "5"].contains(parts[0]) else { return false }
        return parts[1...].allSatisfy { (1...3).contains($0.count) }
    }

    private static func isCode(_ text: String, before: UInt8, after: UInt8) -> Bool {
        guard text.count == 3, let first = text.first, first == "4" || first == "5" || first == "2",
            !text.contains(".")
        else { return false }
        let isWord = { (byte: UInt8) in
            byte >= 0x30 && byte <= 0x39 || byte >= 0x41 && byte <= 0x5A || byte >= 0x61 && byte <= 0x7A
        }
        if isWord(before) || ":/-.".utf8.contains(before) && before != UInt8(ascii: ":") { return false }
        return " -.,)':".utf8.contains(after)
    }
}
