/// A language that recipients are spoken to in, by its code (ISO 639-1).
package enum Language: String, Hashable, Sendable, CaseIterable {
    case english = "en"
    case german = "de"
    case spanish = "es"
    case french = "fr"
    case italian = "it"
    case dutch = "nl"
    case portuguese = "pt"
}
