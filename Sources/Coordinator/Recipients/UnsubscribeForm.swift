/// What is posted to a link: by a mailbox provider (RFC 8058 section 3.2), or by the form of our own page.
enum UnsubscribeForm: Hashable, Sendable {
    /// `List-Unsubscribe=One-Click`, exactly.
    case oneClick
    case page(UnsubscribeChoice)

    /// Longest body: a one-click request has 26 bytes, with the parts of a multipart body a few hundred.
    static let bytesMax = 4_096

    /// Reads a body; `nil` for anything but these two forms.
    ///
    /// - Parameters:
    ///   - body: At most ``bytesMax`` bytes of whatever came.
    ///   - type: Its content type.
    init?(_ body: [UInt8], type: String) {
        let text = String(decoding: body, as: UTF8.self)
        let fields: [String: String]
        if type.lowercased().hasPrefix("multipart/form-data") {
            fields = Self.parts(text)
        } else {
            fields = Self.pairs(text)
        }
        if fields["List-Unsubscribe"] == "One-Click" {
            self = .oneClick
            return
        }
        switch fields["choice"] {
        case "all": self = .page(.everything)
        case "list": self = .page(.list)
        default: return nil
        }
    }

    /// `a=b&c=d`; none of the names and values that count has anything to be decoded.
    private static func pairs(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { continue }
            fields[String(sides[0])] = sides[1].trimming()
        }
        return fields
    }

    /// Name and value of each part of `multipart/form-data` (RFC 7578).
    private static func parts(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        var name: String?
        var isInHead = false
        // Characters of Swift take CR LF for one; so lines are cut at either.
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if line.hasPrefix("--") {
                (name, isInHead) = (nil, true)
            } else if isInHead, line.isEmpty {
                isInHead = false
            } else if isInHead {
                guard line.lowercased().hasPrefix("content-disposition:") else { continue }
                name = Self.name(in: line)
            } else if let known = name, fields[known] == nil {
                fields[known] = line.trimming()
            }
        }
        return fields
    }

    private static func name(in line: Substring) -> String? {
        for parameter in line.split(separator: ";").dropFirst() {
            let sides = parameter.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, sides[0].trimming().lowercased() == "name" else { continue }
            let value = sides[1].trimming()
            return value.hasPrefix("\"") && value.hasSuffix("\"") ? String(value.dropFirst().dropLast()) : value
        }
        return nil
    }
}

extension Substring {
    /// Without blanks and line ends around it.
    fileprivate func trimming() -> String {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
