import Domain

/// The body of a request: an object with these keys and no others.
protocol RequestForm: Decodable, Sendable {
    associatedtype CodingKeys: CodingKey & CaseIterable
}

/// Whether a request names only what there is.
enum NameCheck {
    /// Characters of a strange name that are said again.
    private static let shownMax = 40

    /// - Parameters:
    ///   - names: What the request names.
    ///   - known: What it may name.
    ///   - part: Where, as in `query`.
    /// - Throws: ``Problem`` with status 400 on the first strange name, with the nearest known one.
    static func check(_ names: some Collection<String>, among known: [String], of part: String) throws {
        guard let strange = names.filter({ !known.contains($0) }).min() else { return }
        let shown = String(strange.prefix(Self.shownMax))
        let allowed = known.isEmpty ? "none" : known.joined(separator: ", ")
        let advice = nearestName(to: shown, in: known).map { "did you mean '\($0)'?" } ?? "allowed: \(allowed)."
        throw Problem.badRequest("The \(part) has '\(shown)', which this request does not know; \(advice)")
    }
}
