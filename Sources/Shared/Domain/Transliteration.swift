/// Plain letters for the accented ones of Latin scripts, so that a header becomes a name that can be typed everywhere.
package enum Transliteration {
    /// - Returns: One or two lower-case ASCII letters, or `nil` when the character is not in Latin-1 or Latin
    ///   Extended-A.
    package static func ascii(_ scalar: Unicode.Scalar) -> String? {
        let index = Int(scalar.value) - 0xC0
        guard self.letters.indices.contains(index), self.letters[index] != "." else { return nil }
        return self.letters[index]
    }

    /// From U+00C0 to U+017F; a dot where there is no letter.
    private static let letters =
        """
        a a a a a a ae c e e e e i i i i d n o o o o o . o u u u u y th ss
        a a a a a a ae c e e e e i i i i d n o o o o o . o u u u u y th y
        a a a a a a c c c c c c c c d d d d e e e e e e e e e e g g g g
        g g g g h h h h i i i i i i i i i i ij ij j j k k k l l l l l l l
        l l l n n n n n n n n n o o o o o o oe oe r r r r r r s s s s s s
        s s t t t t t t u u u u u u u u u u u u w w y y y z z z z z z s
        """.split(whereSeparator: \.isWhitespace).map(String.init)
}
