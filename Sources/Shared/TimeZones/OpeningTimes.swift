package import Domain

/// When a window is open, as moments: intervals in order that do not touch, over a bounded stretch of time.
package struct OpeningTimes: Hashable, Sendable {
    /// Milliseconds since 1970.
    private var starts: [Int64]
    private var ends: [Int64]

    /// One answer.
    package enum Answer: Hashable, Sendable {
        /// It is open, and until when; never beyond the table.
        case open(until: Timestamp)
        /// It is closed, and opens then; `nil`: not any more, as far as the table reaches.
        case closed(until: Timestamp?)
    }

    /// When a window is open in one zone.
    ///
    /// A day on which clocks skip the window has none, a time that comes twice is open twice.
    ///
    /// - Parameters:
    ///   - window: Local time.
    ///   - zone: What clocks show.
    ///   - range: Seconds since 1970.
    package init(_ window: DailyWindow, in zone: ZoneRules, over range: Range<Int64>) {
        self.starts = []
        self.ends = []
        let (opens, closes) = (Int64(window.start) * 60, Int64(window.end) * 60)
        for span in zone.spans(of: range) {
            let local = span.range.lowerBound + span.offset..<span.range.upperBound + span.offset
            // The day before, too: its window may reach over midnight.
            let days = local.lowerBound.flooredQuotient(86_400) - 1...local.upperBound.flooredQuotient(86_400)
            for day in days {
                let start = max(day * 86_400 + opens, local.lowerBound)
                let end = min(day * 86_400 + closes, local.upperBound)
                if start < end { self.append((start - span.offset) * 1_000, (end - span.offset) * 1_000) }
            }
        }
    }

    /// Never open.
    package init() {
        self.starts = []
        self.ends = []
    }

    private mutating func append(_ start: Int64, _ end: Int64) {
        if let last = self.ends.last, start <= last {
            self.ends[self.ends.count - 1] = max(last, end)
        } else {
            self.starts.append(start)
            self.ends.append(end)
        }
    }

    /// When both are open.
    package func intersection(_ other: OpeningTimes) -> OpeningTimes {
        var both = OpeningTimes()
        var (left, right) = (0, 0)
        while left < self.starts.count, right < other.starts.count {
            let start = max(self.starts[left], other.starts[right])
            let end = min(self.ends[left], other.ends[right])
            if start < end { both.append(start, end) }
            if self.ends[left] < other.ends[right] { left += 1 } else { right += 1 }
        }
        return both
    }

    /// When it is open between two moments, in milliseconds since 1970.
    package func intervals(from first: Timestamp, to last: Timestamp) -> [Range<Int64>] {
        zip(self.starts, self.ends).compactMap { start, end in
            let (low, high) = (max(start, first.milliseconds), min(end, last.milliseconds))
            return low < high ? low..<high : nil
        }
    }

    /// Whether it is open, and when that changes.
    package func answer(at moment: Timestamp) -> Answer {
        let now = moment.milliseconds
        var (low, high) = (0, self.ends.count)
        while low < high {
            let middle = (low + high) / 2
            if self.ends[middle] <= now { low = middle + 1 } else { high = middle }
        }
        guard low < self.ends.count else { return .closed(until: nil) }
        guard self.starts[low] <= now else { return .closed(until: Timestamp(milliseconds: self.starts[low])) }
        return .open(until: Timestamp(milliseconds: self.ends[low]))
    }
}
