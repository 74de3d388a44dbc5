/// The candidate that `name` was most likely meant to be, for messages such as `unknown field 'fist_name', did you mean …?`.
///
/// Counts characters that are left out, added, replaced or swapped with their neighbour; upper and lower case are the same. About
/// one slip in three characters is still taken for a slip.
///
/// - Returns: The nearest candidate, the first of several; `nil` when none is near, or when `name` is longer than any name is.
package func nearestName(to name: String, in candidates: some Sequence<String>) -> String? {
    guard (1...Field.nameLengthMax * 2).contains(name.utf8.count) else { return nil }
    let wanted = Array(name.lowercased().unicodeScalars)
    let distanceMax = max(1, wanted.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let letters = Array(candidate.lowercased().unicodeScalars)
        guard abs(letters.count - wanted.count) <= distanceMax else { continue }
        let distance = editDistance(wanted, letters)
        if distance <= distanceMax, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

/// Edits from `left` to `right`, of which a swap of neighbours is one, computed row by row.
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let isSame = left[row] == right[column]
            var least = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
            let isSwap = row > 0 && column > 0 && left[row] == right[column - 1] && left[row - 1] == right[column]
            if isSwap { least = min(least, beforeLast[column - 1] + 1) }
            current.append(least)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
