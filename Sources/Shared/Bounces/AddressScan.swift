/// Finds e-mail addresses in running text.
struct AddressScan {
    /// An address and what stands on both sides of it in its line.
    struct Found {
        /// Lower case.
        let address: String
        let before: Substring
        let after: Substring
    }

    /// Addresses in a line that are looked at.
    static let addressesMax = 50

    static func addresses(_ text: some StringProtocol) -> [String] { Self.find(Substring(text)).map(\.address) }

    static func find(_ line: Substring) -> [Found] {
        var found: [Found] = []
        var from = line.startIndex
        while found.count < Self.addressesMax, let at = line[from...].firstIndex(of: "@") {
            from = line.index(after: at)
            guard let domain = Self.domain(line[from...]) else { continue }
            let after = line.index(from, offsetBy: domain.count)
            guard let local = Self.local(line[..<at]) else { continue }
            let start = line.index(at, offsetBy: -local.count)
            found.append(
                Found(
                    address: "\(local)@\(domain)".lowercased(),
                    before: line[..<start],
                    after: line[after...]
                )
            )
            from = after
        }
        return found
    }

    /// A name with a dot in it that ends in a top-level domain.
    private static func domain(_ text: Substring) -> Substring? {
        var name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-" || $0 == "_") }
        while let last = name.last, last == "." || last == "-" || last == "_" { name = name.dropLast() }
        guard let dot = name.lastIndex(of: "."), name.first != ".", name.count <= 255 else { return nil }
        let top = name[name.index(after: dot)...]
        return top.count >= 2 && top.first?.isLetter == true ? name : nil
    }

    private static func local(_ text: Substring) -> Substring? {
        if text.last == "\"" {
            // A quoted local part (RFC 5321, section 4.1.2).
            guard let open = text.dropLast().lastIndex(of: "\"") else { return nil }
            let quoted = text[open...]
            return quoted.count > 2 && quoted.count <= 66 ? quoted : nil
        }
        let marks = "!#$%&'*+/=?^_`{|}~.-"
        var name = text.reversed().prefix { $0.isASCII && ($0.isLetter || $0.isNumber || marks.contains($0)) }.count
        var local = text.suffix(name)
        // Quotes, and what an assignment or a VERP mark leaves at the front, are not part of it.
        while let first = local.first, "'`=./".contains(first) {
            local = local.dropFirst()
            name -= 1
        }
        return local.isEmpty || local.count > 64 ? nil : local
    }
}
