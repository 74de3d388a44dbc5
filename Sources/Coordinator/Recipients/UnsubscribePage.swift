import UserFiles

/// The page behind the link in a message: plain HTML, no script, readable on a phone.
///
/// Everything that is not of this file is escaped: the sender's name and the list's.
struct UnsubscribePage: Hashable, Sendable {
    let language: Language
    /// Who the messages are from.
    let sender: String
    /// The list that the campaign was for; `nil` when it was for a segment.
    let list: String?

    /// What can be said to somebody whose link says nothing.
    static let unknown = Self(language: .english, sender: "", list: nil)

    /// The page that asks; looking at it changes nothing.
    var asking: String {
        let words = UnsubscribeWords.of(self.language)
        let button = "<p><button type=\"submit\">\(Self.escaped(words.button))</button></p>"
        let question = "<p>\(self.filled(words.question, self.sender))</p>"
        guard let list = self.list else {
            return self.page(
                question + Self.form("<input type=\"hidden\" name=\"choice\" value=\"all\">" + button)
            )
        }
        let choices =
            self.choice("all", self.filled(words.everything, self.sender), isChosen: true)
            + self.choice("list", self.filled(words.list, list), isChosen: false)
        return self.page(Self.form(choices + button))
    }

    /// What is shown once it is written down.
    func done(_ choice: UnsubscribeChoice) -> String {
        let words = UnsubscribeWords.of(self.language)
        let text =
            switch choice {
            case .everything: self.filled(words.done, self.sender)
            case .list: self.filled(words.doneList, self.list ?? "")
            }
        return self.page("<p role=\"status\">\(text)</p>")
    }

    /// What is shown to a link that is none of ours.
    var refusal: String { self.page("<p>\(Self.escaped(UnsubscribeWords.of(self.language).unknown))</p>") }

    /// What is shown while nothing can be written.
    var later: String { self.page("<p>\(Self.escaped(UnsubscribeWords.of(self.language).later))</p>") }

    private func choice(_ value: String, _ label: String, isChosen: Bool) -> String {
        "<p><label><input type=\"radio\" name=\"choice\" value=\"\(value)\"\(isChosen ? " checked" : "")> \(label)</label></p>"
    }

    /// A form without a target goes to where the page came from, whatever stands before the coordinator.
    private static func form(_ content: String) -> String { "<form method=\"post\">\(content)</form>" }

    private func page(_ body: String) -> String {
        let title = Self.escaped(UnsubscribeWords.of(self.language).title)
        return """
            <!DOCTYPE html>
            <html lang="\(self.language.rawValue)"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex"><meta name="referrer" content="no-referrer"><title>\(title)</title>
            <style>\(Self.style)</style></head>
            <body><main><h1>\(title)</h1>\(body)</main></body></html>

            """
    }

    private static let style = """
        body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;background:#fff;color:#111}
        main{max-width:32rem;margin:0 auto;padding:1.5rem;overflow-wrap:anywhere}
        label{display:block;padding:.5rem 0}
        button{font:inherit;padding:.75rem 1.5rem;border:0;border-radius:.4rem;background:#1a4f8b;color:#fff}
        """

    private func filled(_ text: String, _ name: String) -> String {
        Self.escaped(text).split(separator: "%", omittingEmptySubsequences: false)
            .joined(separator: "<strong>\(Self.escaped(name))</strong>")
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}

/// What somebody asks for.
enum UnsubscribeChoice: Hashable, Sendable {
    /// Nothing more, over any list.
    case everything
    /// Nothing more over the list that the campaign was for.
    case list
}
