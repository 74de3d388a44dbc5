import Synchronization

/// A count that only rises.
///
/// One atomic addition a step: keep the handle, not the name.
package final class CounterHandle: Sendable {
    private let value = Atomic<Int64>(0)

    package init() {}

    /// Adds one.
    package func increment() { self.value.wrappingAdd(1, ordering: .relaxed) }

    /// - Parameter amount: At least 0: a counter that falls would be read as a restart.
    package func increment(by amount: Int64) {
        self.value.wrappingAdd(max(0, amount), ordering: .relaxed)
    }

    /// Adds `amount`, which is not below 0.
    package func increment(by amount: Int) { self.increment(by: Int64(amount)) }

    package var current: Int64 { self.value.load(ordering: .relaxed) }
}

/// A value that rises and falls.
package final class GaugeHandle: Sendable {
    private let bits = Atomic<UInt64>(0)

    package init() {}

    /// Shows this value from now on.
    package func set(_ value: Double) { self.bits.store(value.bitPattern, ordering: .relaxed) }

    /// Shows this value from now on.
    package func set(_ value: Int64) { self.set(Double(value)) }

    /// Shows this value from now on.
    package func set(_ value: Int) { self.set(Double(value)) }

    /// Adds to what it shows.
    package func increment(by amount: Double) { self.bits.add(amount) }

    package var current: Double { Double(bitPattern: self.bits.load(ordering: .relaxed)) }
}

/// How often values fell into fixed ranges, and their sum.
package final class HistogramHandle: Sendable {
    /// Rising; values above the last are counted in one more bucket.
    package let upperBounds: [Double]
    private let counts: [BucketCount]
    private let sum = Atomic<UInt64>(0)

    private final class BucketCount: Sendable {
        let value = Atomic<UInt64>(0)
    }

    /// - Precondition: `upperBounds` rise.
    package init(upperBounds: [Double]) {
        precondition(zip(upperBounds, upperBounds.dropFirst()).allSatisfy(<), "upper bounds rise")
        self.upperBounds = upperBounds
        self.counts = (0...upperBounds.count).map { _ in BucketCount() }
    }

    /// Counts one value; one that is not a number is ignored.
    package func record(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = self.upperBounds.firstIndex { value <= $0 } ?? self.upperBounds.count
        self.counts[bucket].value.wrappingAdd(1, ordering: .relaxed)
        self.sum.add(value)
    }

    /// Counts of all buckets, not added up, and the sum of values.
    ///
    /// The counts are read one after another while others write;
    /// their total is what ``PrometheusText`` calls the count, so that a reader never sees the two disagree.
    package var current: (counts: [UInt64], sum: Double) {
        (
            self.counts.map { $0.value.load(ordering: .relaxed) },
            Double(bitPattern: self.sum.load(ordering: .relaxed))
        )
    }
}

extension Atomic<UInt64> {
    /// Adds to the number whose bit pattern this is.
    fileprivate func add(_ amount: Double) {
        var old = self.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let result = self.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }
}
