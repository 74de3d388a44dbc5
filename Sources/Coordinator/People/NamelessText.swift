import Domain
import Intake
import Storage

extension AddressKey {
    /// A text with a keyed hash in place of each e-mail address: for what is kept when people are erased.
    ///
    /// - Parameter text: An operator's own words.
    /// - Returns: The same when there is no `@` in it.
    func nameless(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
        var (result, word) = ("", "")
        for character in text {
            if character.isWhitespace || ",;:<>()[]\"'".contains(character) {
                result += self.namelessWord(word) + String(character)
                word = ""
            } else {
                word.append(character)
            }
        }
        return result + self.namelessWord(word)
    }

    private func namelessWord(_ word: String) -> String {
        guard word.utf8.contains(UInt8(ascii: "@")) else { return word }
        // A sentence ends with a sign that is no part of it.
        let end = word.reversed().prefix { ".!?".contains($0) }
        let name = String(word.dropLast(end.count))
        guard case .success(let address) = AddressParser.parse(name) else {
            return "(address)" + String(end.reversed())
        }
        return "email " + self.hash(address.key, on: .email).text + String(end.reversed())
    }
}
