extension KeyReader {
    /// Secrets of one line are short; a larger file is the wrong file.
    private static let secretBytesMax = 4_096

    /// The one line of a file that only its owner may read, which `key` names; `nil` when it is missing or its problem was reported.
    func secretLine(_ key: String, folder: String, of what: String) -> Secret? {
        guard let name = self.text(key) else { return nil }
        do {
            let demand = RegularFile.Demand(bytesMax: Self.secretBytesMax, isPrivate: true)
            let bytes = try RegularFile.read(Paths.resolve(name, from: folder), demand)
            let text = String(decoding: bytes, as: UTF8.self)
            let line = text.hasSuffix("\n") ? String(text.dropLast()) : text
            guard !line.isEmpty, !line.contains(where: \.isNewline) else {
                self.problem(key, "\(quoted(name)) must have one line: the \(what)")
                return nil
            }
            return Secret(line)
        } catch {
            self.problem(key, "\(quoted(name)) \(error.message)")
            return nil
        }
    }
}
