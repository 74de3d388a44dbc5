import Synchronization

/// One line on stderr that changes in place; nothing at all where stderr is no terminal.
final class ProgressLine: Sendable {
    private let terminal: Terminal
    private let isShown: Bool
    private let hasText = Mutex(false)

    /// A line that is never shown when `isQuiet`, whatever stderr is.
    init(_ terminal: Terminal, isQuiet: Bool = false) {
        self.terminal = terminal
        self.isShown = terminal.isErrorTerminal && !isQuiet
    }

    /// Shows `text` in place of what was there, cut to the width of the terminal.
    func show(_ text: String) {
        guard self.isShown else { return }
        let cut = TextWidth.cut(Printable.foreign(text), to: self.terminal.columns - 1)
        self.hasText.withLock { $0 = true }
        self.terminal.raw("\r\(cut)\u{1B}[K")
    }

    /// Takes the line away.
    func clear() {
        let hadText = self.hasText.withLock { hasText in
            defer { hasText = false }
            return hasText
        }
        if hadText { self.terminal.raw("\r\u{1B}[K") }
    }

    /// A bar of `width` columns, full when `part` reaches `whole`.
    static func bar(_ part: Int, of whole: Int, width: Int = 24) -> String {
        let share = whole > 0 ? min(1, max(0, Double(part) / Double(whole))) : 0
        let eighths = Int(share * Double(width * 8))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let full = String(repeating: "█", count: eighths / 8)
        let rest = width - eighths / 8 - (partial.isEmpty ? 0 : 1)
        return "▕\(full)\(partial)\(String(repeating: " ", count: rest))▏"
    }
}

/// How fast something grows, over the last few seconds.
struct RateEstimate {
    /// Samples kept: at two a second, ten seconds.
    private static let samplesMax = 20
    private var samples: [(seconds: Double, count: Int)] = []

    /// Notes how much there is at a moment of a clock that only moves forward.
    mutating func add(_ count: Int, atSeconds seconds: Double) {
        if let last = self.samples.last, count < last.count || seconds < last.seconds { self.samples = [] }
        self.samples.append((seconds, count))
        if self.samples.count > Self.samplesMax { self.samples.removeFirst() }
    }

    /// Per second; `nil` until there are two moments to compare.
    var perSecond: Double? {
        guard let first = self.samples.first, let last = self.samples.last, last.seconds > first.seconds else {
            return nil
        }
        return Double(last.count - first.count) / (last.seconds - first.seconds)
    }

    /// Seconds until `whole` is reached at that rate; `nil` while nothing moves.
    func secondsLeft(to whole: Int) -> Double? {
        guard let rate = self.perSecond, rate > 0, let last = self.samples.last else { return nil }
        return Double(max(0, whole - last.count)) / rate
    }
}
