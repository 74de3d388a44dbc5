/// What clocks show in one time zone, over all time: a list of moments at which the distance from UTC changes, and a rule for
/// what comes after the last of them.
///
/// Times are seconds since 1970 without leap seconds; offsets are seconds east of UTC.
package struct ZoneRules: Hashable, Sendable {
    /// Strictly ascending.
    private let moments: [Int64]
    /// One more than there are moments: `offsets[0]` holds before the first.
    private let offsets: [Int64]
    /// What holds after the last moment; `nil`: what held then.
    private let rule: RecurringRule?

    /// - Parameters:
    ///   - moments: Strictly ascending.
    ///   - offsets: One more than `moments`.
    ///   - rule: For the time after the last moment.
    package init(moments: [Int64], offsets: [Int64], rule: RecurringRule?) {
        precondition(offsets.count == moments.count + 1)
        self.moments = moments
        self.offsets = offsets
        self.rule = rule
    }

    /// A time with one offset.
    package struct Span: Hashable, Sendable {
        /// Seconds since 1970, the end not included.
        package let range: Range<Int64>
        /// Seconds east of UTC.
        package let offset: Int64
    }

    /// Seconds east of UTC at a moment.
    package func offset(at moment: Int64) -> Int64 {
        if let rule, self.moments.last.map({ moment >= $0 }) ?? true { return rule.offset(at: moment) }
        var (low, high) = (0, self.moments.count)
        while low < high {
            let middle = (low + high) / 2
            if self.moments[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return self.offsets[low]
    }

    /// The offsets of a stretch of time, in order and without a gap; neighbours differ.
    ///
    /// - Parameter range: At most a few centuries: a rule has two changes a year.
    /// - Returns: At least one for a range that is not empty.
    package func spans(of range: Range<Int64>) -> [Span] {
        var starts = [range.lowerBound]
        starts += self.moments.filter { range.contains($0) }
        if let rule {
            let first = max(range.lowerBound, self.moments.last ?? range.lowerBound)
            starts += rule.changes(in: first..<max(first, range.upperBound))
        }
        var spans: [Span] = []
        for (index, start) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : range.upperBound
            guard start < end else { continue }
            let offset = self.offset(at: start)
            if let last = spans.last, last.offset == offset {
                spans[spans.count - 1] = Span(range: last.range.lowerBound..<end, offset: offset)
            } else {
                spans.append(Span(range: start..<end, offset: offset))
            }
        }
        return spans
    }

    /// The first moment at which clocks here show a local time.
    ///
    /// A time that clocks skip is the moment at which they skip it; one that comes twice is the first of the two.
    ///
    /// - Parameter local: Seconds since 1970 as if local time were UTC.
    /// - Returns: Seconds since 1970.
    package func moment(showing local: Int64) -> Int64 {
        // No zone is further than 26 hours from UTC (RFC 9636 section 3.2), so the answer is within two days.
        let around = local - 172_800..<local + 172_800
        for span in self.spans(of: around) where local < span.range.upperBound + span.offset {
            return max(span.range.lowerBound, local - span.offset)
        }
        return local
    }
}
