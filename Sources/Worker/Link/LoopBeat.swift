import Synchronization

/// Shows the link's thread that the event loop turns.
final class LoopBeat: Sendable {
    private let count = Atomic<UInt64>(0)

    /// How often it beats: some times between two looks (``LoopWatch/lookMilliseconds``).
    static let milliseconds: Int64 = 250

    /// Called on the event loop.
    func turn() { self.count.add(1, ordering: .relaxed) }

    /// Turns so far.
    var turns: UInt64 { self.count.load(ordering: .relaxed) }
}
