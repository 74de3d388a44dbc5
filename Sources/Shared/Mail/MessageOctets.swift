/// Names for the bytes that mail and templates treat specially.
extension UInt8 {
    static let tab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let blank = UInt8(ascii: " ")
    static let dot = UInt8(ascii: ".")
    static let equals = UInt8(ascii: "=")

    /// A blank or a tab.
    var isBlank: Bool { self == .blank || self == .tab }

    var isBlankOrLineEnd: Bool { self.isBlank || self == .lineFeed || self == .carriageReturn }
}
