/// Finds the name that was probably meant.
enum NearestName {
    /// The known name closest to `name`.
    ///
    /// - Returns: `nil` when none is within a third of its length, as then a guess would mislead.
    static func of(_ name: String, among known: [String]) -> String? {
        let typed = Array(name.lowercased().unicodeScalars.prefix(Self.lengthMax))
        var best: (name: String, distance: Int)?
        for candidate in known {
            let distance = Self.distance(typed, Array(candidate.unicodeScalars))
            guard distance <= max(1, candidate.unicodeScalars.count / 3) else { continue }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Longer words are cut: the longest known key has half of it, and the comparison takes quadratic time.
    private static let lengthMax = 64

    /// Insertions, deletions and replacements that lead from one to the other (Levenshtein).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var row = Array(0...right.count)
        for (index, scalar) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (scalar == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
