/// Keys on disk: text lines `public KEY` and `secret KEY`, and `#` comments.
///
/// A file with a secret line belongs to its owner alone (mode 0600): it is written so, and refused otherwise when read.
package enum KeyFile {
    /// Two lines and a comment are far below it.
    private static let bytesMax = 4_096

    /// Reads both keys.
    ///
    /// - Throws: ``TransportError/Code/file`` for a file that cannot be read, may be read by others or has other lines;
    ///   ``TransportError/Code/key`` for a key that is none.
    package static func read(_ path: String) throws(TransportError) -> CurveKeyPair {
        let lines = try self.lines(path, isSecret: true)
        guard let publicText = lines.publicText, let secretText = lines.secretText else {
            throw TransportError(.file, "\(path) needs the two lines \"public KEY\" and \"secret KEY\"")
        }
        return try self.naming(path) { () throws(TransportError) in
            try CurveKeyPair(publicKey: PublicKey(text: publicText), secretKey: SecretKey(text: secretText))
        }
    }

    /// Reads a file that has a public key alone; one with a secret key too is read under the rules of ``read(_:)``.
    package static func readPublic(_ path: String) throws(TransportError) -> PublicKey {
        let lines = try self.lines(path, isSecret: false)
        guard lines.secretText == nil else { return try self.read(path).publicKey }
        guard let text = lines.publicText else { throw TransportError(.file, "\(path) needs the line \"public KEY\"") }
        return try self.naming(path) { () throws(TransportError) in try PublicKey(text: text) }
    }

    /// Writes both keys, mode 0600.
    ///
    /// - Parameters:
    ///   - keys: Both are written.
    ///   - path: Of the file; its folder must exist.
    ///   - replacing: Whether a file that exists may be replaced; its keys are gone then.
    /// - Throws: ``TransportError/Code/file``.
    package static func write(
        _ keys: CurveKeyPair,
        to path: String,
        replacing: Bool = false
    ) throws(TransportError) {
        let text = """
            # Keep this file to yourself: whoever has the secret key is you.
            public \(keys.publicKey.text)
            secret \(keys.secretKey.text)

            """
        try SmallFile.write(text, to: path, .secret, replacing: replacing)
    }

    /// Writes the public key alone, mode 0644.
    package static func writePublic(
        _ key: PublicKey,
        to path: String,
        replacing: Bool = false
    ) throws(TransportError) {
        try SmallFile.write("public \(key.text)\n", to: path, .everybody, replacing: replacing)
    }

    private struct Lines {
        var publicText: Substring?
        var secretText: Substring?
    }

    private static func lines(_ path: String, isSecret: Bool) throws(TransportError) -> Lines {
        let text = try SmallFile.read(path, bytesMax: Self.bytesMax, isSecret: isSecret)
        var lines = Lines()
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let word = words.first, !line.hasPrefix("#") else { continue }
            switch word {
            case "public" where words.count == 2 && lines.publicText == nil: lines.publicText = words[1]
            case "secret" where words.count == 2 && lines.secretText == nil: lines.secretText = words[1]
            default:
                // The line itself is not shown: it may be a secret.
                throw TransportError(
                    .file,
                    "\(path):\(index + 1): not \"public KEY\", \"secret KEY\" or a comment, each at most once"
                )
            }
        }
        return lines
    }

    /// Puts the file's name before the message of an error about a key in it.
    private static func naming<Value>(
        _ path: String,
        _ body: () throws(TransportError) -> Value
    ) throws(TransportError) -> Value {
        do throws(TransportError) { return try body() } catch {
            throw TransportError(error.code, "\(path): \(error.message)")
        }
    }
}
