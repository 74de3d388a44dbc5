import Domain
import Intake
import Storage

extension AddressKey {
    /// A text with a keyed hash in place of each e-mail address and telephone number: for what is kept when people are erased.
    ///
    /// - Parameter text: An operator's own words.
    /// - Returns: The same when there is none in it.
    func nameless(_ text: String) -> String {
        var result = NamelessText(key: self)
        for character in text {
            if character.isWhitespace || ",;:<>[]\"'/".contains(character) {
                result.end(at: character)
            } else {
                result.word.append(character)
            }
        }
        return result.whole()
    }
}

/// A text on its way, word by word.
private struct NamelessText {
    let key: AddressKey
    /// The word that is not complete.
    var word = ""
    private var done = ""
    /// Words that may be parts of one number, with the blanks between them.
    private var number = ""
    private var digits: [UInt8] = []

    init(key: AddressKey) { self.key = key }

    /// Digits of a number that could be somebody's: fewer are no whole one, more are none (ITU-T E.164 section 6).
    private static let telephone = 8...15

    mutating func end(at separator: Character?) {
        let (name, end) = Self.parts(of: self.word)
        if let found = Self.number(in: name) {
            self.digits += found
            self.number += name
        } else {
            self.endNumber()
            self.done += self.nameless(name)
        }
        if !end.isEmpty || separator != " " && separator != "/" || separator == "/" && self.digits.count > 4 {
            self.endNumber()
        }
        let rest = end + (separator.map { String($0) } ?? "")
        if self.number.isEmpty { self.done += rest } else { self.number += rest }
        self.word = ""
    }

    mutating func whole() -> String {
        self.end(at: nil)
        self.endNumber()
        return self.done
    }

    private mutating func endNumber() {
        defer { (self.number, self.digits) = ("", []) }
        let digits = self.digits.drop { $0 == UInt8(ascii: "+") }
        guard Self.telephone.contains(digits.count) else {
            self.done += self.number
            return
        }
        let blanks = self.number.reversed().prefix { $0 == " " || $0 == "/" }
        let key = String(decoding: PhoneKey.of(self.digits), as: UTF8.self)
        self.done += "phone " + self.key.hash(key, on: .sms).text + String(blanks.reversed())
    }

    /// A word, and the sign that ends a sentence behind it.
    private static func parts(of word: String) -> (name: String, end: String) {
        let end = word.reversed().prefix { ".!?".contains($0) }
        return (String(word.dropLast(end.count)), String(end.reversed()))
    }

    /// Digits of a word that has nothing else but what stands between digits; `nil` for another one, and for a date.
    private static func number(in word: String) -> [UInt8]? {
        guard !word.isEmpty, word.utf8.allSatisfy({ (48...57).contains($0) || "+-().".utf8.contains($0) }) else {
            return nil
        }
        let digits = word.utf8.filter { (48...57).contains($0) }
        guard !digits.isEmpty, !Self.isDate(word) else { return nil }
        return (word.hasPrefix("+") || word.hasPrefix("(+") ? [UInt8(ascii: "+")] : []) + digits
    }

    /// `2026-11-22`, `22.11.2026` and the like.
    private static func isDate(_ word: String) -> Bool {
        let parts = word.split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "." }.map(\.utf8.count)
        return parts == [4, 2, 2] || parts.count == 3 && parts[2] == 4 && parts[0] <= 2 && parts[1] <= 2
    }

    private func nameless(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "@")) else { return name }
        let (opening, closing) = (name.prefix { $0 == "(" }, name.reversed().prefix { $0 == ")" })
        let inner = String(name.dropFirst(opening.count).dropLast(closing.count))
        guard case .success(let address) = AddressParser.parse(inner) else { return opening + "(address)" + closing }
        return opening + "email " + self.key.hash(address.key, on: .email).text + closing
    }
}
