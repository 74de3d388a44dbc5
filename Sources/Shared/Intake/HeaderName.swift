import Domain

/// Makes field names out of a header's texts.
enum HeaderName {
    /// Lower snake case: `First Name` → `first_name`, `firstName` → `first_name`, `Prénom` → `prenom`, `2024 gift` →
    /// `field_2024_gift`.
    ///
    /// - Returns: Empty when the text has no letter or digit that can be written in ASCII.
    static func snakeCase(_ text: String) -> String {
        var name = ""
        var isBehindLowerCase = false
        for scalar in text.unicodeScalars {
            if scalar == "'" || scalar == "\u{2019}" { continue }
            let letters = self.letters(scalar)
            guard let letters else {
                if !name.isEmpty, !name.hasSuffix("_") { name += "_" }
                isBehindLowerCase = false
                continue
            }
            if isBehindLowerCase, scalar.properties.isUppercase { name += "_" }
            name += letters
            isBehindLowerCase = scalar.properties.isLowercase
        }
        while name.hasSuffix("_") { name.removeLast() }
        guard let first = name.first else { return "" }
        return first.isLetter && !Expression.keywords.contains(name) ? name : "field_\(name)"
    }

    /// The name cut to what a field name may have, and so many characters shorter.
    static func shortened(_ name: String, by count: Int = 0) -> String {
        var name = String(name.prefix(Field.nameLengthMax - count))
        while name.hasSuffix("_") { name.removeLast() }
        return name
    }

    private static func letters(_ scalar: Unicode.Scalar) -> String? {
        guard scalar.isASCII else { return Transliteration.ascii(scalar) }
        let byte = UInt8(ascii: scalar)
        return byte.isLetter || byte.isDigit ? String(UnicodeScalar(byte.lowercased)) : nil
    }
}
