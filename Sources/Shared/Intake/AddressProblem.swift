/// Why a text is no address that can be written to.
package enum AddressProblem: Error, Hashable, Sendable, CaseIterable {
    case empty
    case noAt
    case noLocalPart
    case noDomain
    case controlCharacter
    case blankInside
    case angleBracket
    case localTooLong
    case localDots
    case localCharacter
    case localNotASCII
    case quotedLocal
    case tooLong
    case domainTooLong
    case labelEmpty
    case labelTooLong
    case labelHyphen
    case domainCharacter
    case domainNotConvertible
    case noDot
    case addressLiteral
    case notUTF8
    case displayName

    /// What is wrong and what is allowed, to stand behind `not an e-mail address: `.
    package var text: String {
        switch self {
        case .empty: "it is empty"
        case .noAt: "there is no @"
        case .noLocalPart: "there is nothing before the @"
        case .noDomain: "there is nothing after the @"
        case .controlCharacter: "it has a line break or another control character"
        case .blankInside: "there is a blank inside"
        case .angleBracket: "it has < or >; write the address alone"
        case .localTooLong: "the part before the @ is longer than \(AddressParser.localBytesMax) bytes"
        case .localDots: "the part before the @ begins or ends with a dot, or has two in a row"
        case .localCharacter: "the part before the @ has a character that is not allowed there"
        case .localNotASCII: "the part before the @ has letters beyond ASCII, which few relays take (SMTPUTF8)"
        case .quotedLocal: "the quotes before the @ are not closed, or hold a character that is not allowed there"
        case .tooLong: "it is longer than \(AddressParser.addressBytesMax) bytes"
        case .domainTooLong: "the domain is longer than \(AddressParser.domainBytesMax) bytes"
        case .labelEmpty: "the domain begins or ends with a dot, or has two in a row"
        case .labelTooLong: "a part of the domain is longer than \(AddressParser.labelBytesMax) bytes"
        case .labelHyphen: "a part of the domain begins or ends with a hyphen"
        case .domainCharacter: "the domain has a character other than letters, digits, hyphens and dots"
        case .domainNotConvertible: "the domain is not a valid internationalised name (IDNA 2008)"
        case .noDot: "the domain has no dot"
        case .addressLiteral: "the domain is a network address in brackets; a name is needed"
        case .notUTF8: "it is not valid UTF-8"
        case .displayName: "the name before the address has a control character, or quotes that are not closed"
        }
    }
}
