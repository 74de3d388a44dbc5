import Domain

/// What an import warns of: the first of all, and how much of each column.
struct ImportWarnings: Hashable, Sendable {
    /// What a terminal shows, of several columns where several have some.
    static let firstMax = 10
    /// Of these, those of one column.
    static let sameColumnMax = 3

    /// In the order of the file.
    private(set) var first: [Diagnostic] = []
    /// By column, from 1; 0 for what is about whole rows.
    private var counts: [Int: Int] = [:]

    mutating func take(_ warnings: [Diagnostic]) {
        for warning in warnings {
            let count = self.counts[warning.column, default: 0]
            self.counts[warning.column] = count + 1
            if count < Self.sameColumnMax, self.first.count < Self.firstMax { self.first.append(warning) }
        }
    }

    /// The counts, in the order of the columns.
    func uses(_ headers: [String]) -> [ImportAnswer.WarningUse] {
        self.counts.sorted { $0.key < $1.key }.map { column, count in
            let header = headers.indices.contains(column - 1) ? headers[column - 1] : nil
            return ImportAnswer.WarningUse(column: header, warnings: count)
        }
    }
}
