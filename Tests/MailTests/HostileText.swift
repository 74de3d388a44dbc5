import Domain

/// Values that people, or people with intentions, put into fields and templates.
enum HostileText {
    private static let pieces = [
        "", " ", "  ", "\t", "Ann", "O'Brien & Söhne", "<b>\"bold\"</b>", ".", "..", "\r\n.\r\n", "\n.\n", "\r", "\n",
        "\r\n", "\0",
        "a\r\nBcc: eve@evil.example", "\nSubject: other", "x\u{85}y", "\u{2028}", "\u{2029}", "\u{7F}", "\u{9B}31m",
        "=?utf-8?q?hidden?=", "=", "=3D", "=\r\n", "--=_postrider-alternative", "\r\n--=_postrider-alternative--\r\n",
        "From ",
        "é", "Zoé Lefèvre", "日本語のお知らせ", "Привет, мир", "👩‍👩‍👧‍👦🏳️‍🌈", "שלום", "مرحبا", "\u{202E}gnirts\u{202C}",
        "\u{2066}iso\u{2069}",
        "\u{FEFF}", "e\u{301}\u{301}\u{301}", "{{first}}", "{{{x}}}", "\\", "\"", "(comment)",
        "a@b.example, c@d.example", "\u{0B}\u{0C}\u{1C}",
        "trailing blanks   ", "trailing tab\t", "https://example.org/?a=b&c=d#e",
    ]

    static func value(using random: inout SplitMix64) -> String {
        switch Int.random(in: 0..<24, using: &random) {
        case 0: return ""
        case 1: return String(repeating: "x", count: Int.random(in: 60...2_000, using: &random))
        case 2: return String(repeating: "é", count: Int.random(in: 20...700, using: &random))
        case 3: return String(repeating: "word ", count: Int.random(in: 1...300, using: &random))
        case 4: return String(repeating: " ", count: Int.random(in: 1...1_200, using: &random)) + "end"
        default:
            let count = Int.random(in: 1...5, using: &random)
            return (0..<count).map { _ in self.pieces.randomElement(using: &random) ?? "" }.joined()
        }
    }
}
