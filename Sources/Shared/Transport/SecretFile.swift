/// A random secret of the installation on disk: one line of 64 hex digits, for its owner alone.
package enum SecretFile {
    /// 32 bytes.
    package static let byteCount = 32
    private static let fileBytesMax = 1_024

    /// Whether there is something of that name.
    package static func exists(_ path: String) -> Bool { SmallFile.exists(path) }

    /// Reads the secret.
    ///
    /// - Returns: ``byteCount`` bytes.
    /// - Throws: ``TransportError/Code/file`` for a file that cannot be read, may be read by others or has no 64 hex digits.
    package static func read(_ path: String) throws(TransportError) -> [UInt8] {
        let text = try SmallFile.read(path, bytesMax: Self.fileBytesMax, isSecret: true)
        let digits = text.split(whereSeparator: \.isNewline).first { !$0.hasPrefix("#") } ?? ""
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in digits {
            guard let digit = character.hexDigitValue.flatMap({ UInt8(exactly: $0) }) else {
                bytes = []
                break
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard bytes.count == Self.byteCount, high == nil else {
            // What it has instead is not shown: it may be a secret.
            throw TransportError(.file, "\(path) needs a line of \(2 * Self.byteCount) hex digits")
        }
        return bytes
    }

    /// Makes a secret, unless there is one; mode 0600.
    ///
    /// - Parameters:
    ///   - path: Of the file; its folder must exist.
    ///   - comment: One line on what it is for and what its loss means.
    /// - Returns: Whether it was made.
    /// - Throws: ``TransportError/Code/file``.
    package static func make(_ path: String, comment: String) throws(TransportError) -> Bool {
        guard !SmallFile.exists(path) else { return false }
        var random = SystemRandomNumberGenerator()
        let digits = (0..<Self.byteCount).map { _ in
            let byte = UInt8.random(in: 0...255, using: &random)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        try SmallFile.write("# \(comment)\n\(digits.joined())\n", to: path, .secret, replacing: false)
        return true
    }
}
