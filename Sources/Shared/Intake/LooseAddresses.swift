import Domain

/// Finds the addresses in a text that somebody wrote for people.
enum LooseAddresses {
    enum Found {
        /// Canonical forms, in order; none when the text has nothing like an address.
        case keys([String])
        /// Something is meant as an address and is none, beside those that are.
        case problem([String], String)
    }

    /// - Parameters:
    ///   - text: A cell, or a whole row.
    ///   - channel: What is looked for.
    /// - Returns: What was found.
    static func read(_ text: String, _ channel: SuppressionChannel) -> Found {
        switch channel {
        case .email: self.emails(text)
        case .sms: self.numbers(text)
        }
    }

    // MARK: E-mail

    private static func emails(_ text: String) -> Found {
        // What is an address as it stands may have quotes and commas in it.
        if case .success(let address) = AddressParser.parse(text) { return .keys([address.key]) }
        var keys: [String] = []
        var problem: String?
        for word in self.words(text) where word.contains("@") {
            switch AddressParser.parse(self.bared(word)) {
            case .success(let address): keys.append(address.key)
            case .failure(let found):
                problem = problem ?? "'\(word.prefix(80))' is not an e-mail address: \(found.text)"
            }
        }
        return problem.map { .problem(keys, $0) } ?? .keys(keys)
    }

    /// The text cut where no address goes on: at separators, blanks, brackets and quotes.
    private static func words(_ text: String) -> [Substring] {
        text.split { character in
            character.isWhitespace || character.unicodeScalars.contains { self.isUnseen($0) }
                || ",;|<>()[]{}\"\u{201C}\u{201D}\u{00AB}\u{00BB}".contains(character)
        }
    }

    /// Zero-width characters and marks that spreadsheets and web pages leave behind.
    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .format || scalar.properties.generalCategory == .control
    }

    /// Without what stands around an address in running text.
    private static func bared(_ word: Substring) -> String {
        var word = word
        if word.lowercased().hasPrefix("mailto:") { word = word.dropFirst(7) }
        // The subject of a mailto link (RFC 6068); a question mark may stand in an address, but not in its domain.
        if let at = word.lastIndex(of: "@"), let mark = word[at...].firstIndex(of: "?") { word = word[..<mark] }
        while let last = word.last, ".:!'".contains(last) { word.removeLast() }
        while word.first == "'" { word.removeFirst() }
        return String(word)
    }

    // MARK: Telephone

    private static func numbers(_ text: String) -> Found {
        var keys: [String] = []
        var problem: String?
        for part in text.split(whereSeparator: { ",;|\n\r".contains($0) }) {
            let word = String(part.filter { !$0.unicodeScalars.contains(where: self.isUnseen) })
                .replacing("\u{00A0}", with: " ")
            guard word.contains(where: \.isNumber) else { continue }
            let trimmed = word.drop { $0.isWhitespace }
            let bare = String(trimmed.lowercased().hasPrefix("tel:") ? trimmed.dropFirst(4) : trimmed)
            if let number = PhoneNumber.normalised(bare) {
                keys.append(String(decoding: PhoneKey.of(number), as: UTF8.self))
            } else {
                problem = problem ?? "'\(word.prefix(80))' is not a telephone number; allowed: \(PhoneNumber.grammar)"
            }
        }
        return problem.map { .problem(keys, $0) } ?? .keys(keys)
    }
}
