import Domain

/// Draws whose arithmetic is fixed here, because the standard library does not promise the same draw in every version.
extension SplitMix64 {
    /// True `part` times in a thousand.
    mutating func chance(_ part: Int) -> Bool { part > 0 && self.number(0..<1_000) < part }

    mutating func number(_ range: Range<Int>) -> Int {
        range.lowerBound + self.number(below: range.count)
    }

    mutating func time(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(self.number(below: Int(range.upperBound - range.lowerBound + 1)))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[self.number(0..<elements.count)] }
}
