import Domain

extension KeyReader {
    /// A list of frequency caps; empty when the key is missing.
    func caps(_ key: String) -> [FrequencyCap] {
        let elements = self.list(key, atMost: capsMax, of: "caps such as [\"3/7d\"]") ?? []
        return elements.compactMap { path, node in
            guard let scalar = self.reading.scalar(node, path: path) else { return nil }
            guard let cap = FrequencyCap(scalar.text) else {
                let message = "\(quoted(scalar.text)) is no cap; allowed: \(FrequencyCap.grammar)"
                self.reading.problem(path, at: scalar.place, message)
                return nil
            }
            return cap
        }
    }
}

/// Caps in one file: a day, a week and a month leave room for one more, and each costs a count for every target.
private let capsMax = 4
