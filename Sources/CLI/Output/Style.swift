/// Colours of one output stream, or none.
struct Style: Sendable {
    let isEnabled: Bool

    /// For files, pipes and tests.
    static let plain = Style(isEnabled: false)

    func bold(_ text: String) -> String { self.wrap(text, "1") }
    func faint(_ text: String) -> String { self.wrap(text, "2") }
    func red(_ text: String) -> String { self.wrap(text, "31") }
    func green(_ text: String) -> String { self.wrap(text, "32") }
    func yellow(_ text: String) -> String { self.wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        self.isEnabled && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// A campaign's or worker's state in its colour.
    func state(_ name: String) -> String {
        switch name {
        case "running", "connected": self.green(name)
        case "paused", "away", "draining", "drained": self.yellow(name)
        case "cancelled", "removed": self.red(name)
        case "finished": self.bold(name)
        default: name
        }
    }
}

/// Text as a terminal may show it.
enum Printable {
    /// Replaces what could move the cursor, change colours of its own or turn the reading direction: contacts' data and relays'
    /// replies are strangers' words.
    ///
    /// Colours that ``Style`` made stay: an escape that is not one of those is replaced.
    static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Self.isUnsafe) else { return text }
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.first {
            if scalar == "\u{1B}", let sequence = Self.colour(rest) {
                result.append(contentsOf: sequence)
                rest = rest[sequence.endIndex...]
                continue
            }
            result.append(Self.isUnsafe(scalar) ? "\u{FFFD}" : scalar)
            rest = rest.dropFirst()
        }
        return String(result)
    }

    /// The same for text that is wholly a stranger's: no escape stays.
    static func foreign(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Self.isUnsafe) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { Self.isUnsafe($0) ? "\u{FFFD}" : $0 }))
    }

    /// `ESC [ digits m` at the beginning, which can do no more than colour.
    private static func colour(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView? {
        var rest = text.dropFirst()
        guard rest.first == "[" else { return nil }
        rest = rest.dropFirst()
        while let digit = rest.first, ("0"..."9").contains(digit) { rest = rest.dropFirst() }
        guard rest.first == "m" else { return nil }
        return text[..<rest.index(after: rest.startIndex)]
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F: true
        // Marks that turn the reading direction, and separators that some terminals take for line breaks.
        case 0x2028...0x202E, 0x2066...0x2069, 0x200E, 0x200F: true
        default: false
        }
    }
}
