import Synchronization

/// All metrics of a process.
///
/// Ask once for a handle and keep it: updating one takes no lock.
package final class MetricsRegistry: Sendable {
    /// Bound of label combinations of one metric: labels are names of ours (outcome, relay, route), never people's.
    package static let seriesMax = 1_000

    private let families = Mutex<[String: Family]>([:])

    package init() {}

    /// The counter with these label values.
    ///
    /// - Precondition: The metric is a counter, and there is one value for each of its labels.
    package func counter(_ metric: Metric, _ labelValues: String...) -> CounterHandle {
        self.counter(metric, labelValues)
    }

    /// The counter with these labels' values, made when it is new.
    package func counter(_ metric: Metric, _ labelValues: [String]) -> CounterHandle {
        precondition(metric.kind == .counter, "\(metric.name) is no counter")
        guard case .counter(let handle) = self.handle(metric, labelValues) else { return CounterHandle() }
        return handle
    }

    /// The gauge with these label values.
    ///
    /// - Precondition: The metric is a gauge, and there is one value for each of its labels.
    package func gauge(_ metric: Metric, _ labelValues: String...) -> GaugeHandle {
        self.gauge(metric, labelValues)
    }

    /// The gauge with these labels' values, made when it is new.
    package func gauge(_ metric: Metric, _ labelValues: [String]) -> GaugeHandle {
        precondition(metric.kind == .gauge, "\(metric.name) is no gauge")
        guard case .gauge(let handle) = self.handle(metric, labelValues) else { return GaugeHandle() }
        return handle
    }

    /// The histogram with these label values.
    ///
    /// - Precondition: The metric is a histogram, and there is one value for each of its labels.
    package func histogram(_ metric: Metric, _ labelValues: String...) -> HistogramHandle {
        self.histogram(metric, labelValues)
    }

    /// The histogram with these labels' values, made when it is new.
    package func histogram(_ metric: Metric, _ labelValues: [String]) -> HistogramHandle {
        guard case .histogram(let upperBounds) = metric.kind else {
            preconditionFailure("\(metric.name) is no histogram")
        }
        guard case .histogram(let handle) = self.handle(metric, labelValues) else {
            return HistogramHandle(upperBounds: upperBounds)
        }
        return handle
    }

    /// What `GET /metrics` answers: families by name, series by label values.
    package func exposition() -> [UInt8] {
        let families = self.families.withLock { $0 }
        var text = PrometheusText()
        for family in families.values.sorted(by: { $0.metric.name < $1.metric.name }) {
            text.begin(family.metric)
            for (labelValues, handle) in family.series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                switch handle {
                case .counter(let counter): text.add(counter, of: family.metric, labelValues)
                case .gauge(let gauge): text.add(gauge, of: family.metric, labelValues)
                case .histogram(let histogram): text.add(histogram, of: family.metric, labelValues)
                }
            }
        }
        ProcessMetrics.append(to: &text)
        return text.bytes
    }

    /// The handle for these label values, made when it is new.
    ///
    /// - Returns: `nil` when the metric has too many series or another kind under the same name: the caller then counts into
    ///   a handle that nobody reads, which costs a number and not the service.
    private func handle(_ metric: Metric, _ labelValues: [String]) -> Handle? {
        precondition(metric.labels.count == labelValues.count, "\(metric.name) has the labels \(metric.labels)")
        return self.families.withLock { families in
            var family = families[metric.name] ?? Family(metric: metric)
            guard family.metric == metric else { return nil }
            if let handle = family.series[labelValues] { return handle }
            guard family.series.count < Self.seriesMax else { return nil }
            let handle = Handle(metric.kind)
            family.series[labelValues] = handle
            families[metric.name] = family
            return handle
        }
    }

    private struct Family: Sendable {
        let metric: Metric
        var series: [[String]: Handle] = [:]
    }

    private enum Handle: Sendable {
        case counter(CounterHandle)
        case gauge(GaugeHandle)
        case histogram(HistogramHandle)

        init(_ kind: Metric.Kind) {
            switch kind {
            case .counter: self = .counter(CounterHandle())
            case .gauge: self = .gauge(GaugeHandle())
            case .histogram(let upperBounds): self = .histogram(HistogramHandle(upperBounds: upperBounds))
            }
        }
    }
}
