package import CoreMetrics

/// Takes the metrics of libraries that speak swift-metrics into a ``MetricsRegistry``.
///
/// Postrider's own code asks the registry for handles; a name that it defines keeps its help and buckets here too.
package struct LibraryMetrics: MetricsFactory {
    package let registry: MetricsRegistry

    package init(registry: MetricsRegistry) { self.registry = registry }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let (metric, values) = Self.metric(label, .counter, suffix: "_total", dimensions)
        return self.registry.counter(metric, values)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let (metric, values) = Self.metric(label, .gauge, suffix: "", dimensions)
        return self.registry.gauge(metric, values)
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else {
            let (metric, values) = Self.metric(label, .gauge, suffix: "", dimensions)
            return self.registry.gauge(metric, values)
        }
        let (metric, values) = Self.metric(label, Self.seconds, suffix: "", dimensions)
        return self.registry.histogram(metric, values)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let (metric, values) = Self.metric(label, Self.seconds, suffix: "_seconds", dimensions)
        return self.registry.histogram(metric, values)
    }

    // Handles live as long as the registry, so that a count does not start again when a library drops its own.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private static let seconds = Metric.Kind.histogram(upperBounds: Metric.secondsBounds)

    /// A metric by the rules of Prometheus: letters, digits and `_`, with the unit or `_total` at the end.
    private static func metric(
        _ label: String,
        _ kind: Metric.Kind,
        suffix: String,
        _ dimensions: [(String, String)]
    ) -> (Metric, [String]) {
        let sorted = dimensions.sorted { $0.0 < $1.0 }
        if let known = Metric.all.first(where: { $0.name == label && $0.kind == kind }),
            known.labels.sorted() == sorted.map(\.0)
        {
            return (known, known.labels.compactMap { name in sorted.first { $0.0 == name }?.1 })
        }
        var name = "postrider_" + Self.identifier(label)
        if !name.hasSuffix(suffix) { name += suffix }
        let help = "Reported by a library as \(label)."
        return (Metric(name, kind, labels: sorted.map { Self.identifier($0.0) }, help: help), sorted.map(\.1))
    }

    private static func identifier(_ text: String) -> String {
        String(
            text.unicodeScalars.map {
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil) ? Character($0) : "_"
            }
        )
    }
}
