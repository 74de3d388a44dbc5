import Domain

/// A country's name, made comparable: `Korea (Republic of)`, `Republic of Korea` and `REPUBLIC OF KOREA` are one.
enum CountryName {
    /// The code of the country that a text names in one of the ways of ``CountryNames``; `nil` when it names none.
    static func code(of text: String) -> String? {
        if let code = Self.codes[text.lowercased()] { return code }
        let words = Self.words(text)
        if let code = Self.codes[words.joined(separator: " ")] { return code }
        let telling = words.filter { !Self.forms.contains($0) }
        guard !telling.isEmpty, telling.count < words.count else { return nil }
        return Self.codes[telling.joined(separator: " ")]
    }

    /// Codes by name in lower case, and by words.
    private static let codes: [String: String] = {
        var codes: [String: String] = [:]
        for (code, name) in Self.names {
            for key in [name.lowercased(), Self.words(name).joined(separator: " ")] where codes[key] == nil {
                codes[key] = code
            }
        }
        return codes
    }()

    /// All names with their codes, in the order of the table.
    static var names: [(code: String, name: String)] {
        CountryNames.lines.split(separator: "\n").flatMap { line -> [(code: String, name: String)] in
            let sides = line.split(separator: ":", maxSplits: 1)
            guard sides.count == 2 else { return [] }
            return sides[1].split(separator: ";").map { (String(sides[0]), String($0.drop(while: \.isWhitespace))) }
        }
    }

    /// Says nothing in any name.
    private static let articles: Set<String> = [
        "the", "of", "and", "la", "le", "les", "l", "el", "los", "las", "de", "des", "del", "der", "die", "den", "di",
        "da", "do", "dos", "du", "et", "y", "e", "und",
    ]

    /// What a country may be called besides, and mostly is not.
    private static let forms: Set<String> = [
        "republic", "rep", "kingdom", "state", "federal", "federative", "federation", "islamic", "democratic",
        "socialist", "peoples", "commonwealth", "principality", "sultanate", "union", "republik", "bundesrepublik",
        "republique", "republica", "repubblica", "republika", "rzeczpospolita", "konigreich", "royaume", "reino",
    ]

    /// The words of a name in order of the alphabet, without case, accents and articles.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        func end() {
            if word == "saint" { word = "st" }
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            if let letters = Transliteration.ascii(scalar) {
                word += letters
            } else if properties.isAlphabetic || scalar.value > 0x7F && properties.generalCategory == .nonspacingMark {
                // An accent that stands for itself belongs to the letter before it, which is plain without it.
                if !(0x300...0x36F).contains(scalar.value) { word += properties.lowercaseMapping }
            } else if scalar == "." || scalar == "'" || scalar == "\u{2019}" {
                // U.S.A., People's
                continue
            } else {
                end()
            }
        }
        end()
        let telling = words.filter { !Self.articles.contains($0) }
        return (telling.isEmpty ? words : telling).sorted()
    }
}
