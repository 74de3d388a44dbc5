/// Prometheus text exposition, format 0.0.4.
package struct PrometheusText: Sendable {
    private(set) var bytes: [UInt8] = []

    /// The media type that goes with it.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Begins a family: its help and type, once, before its series.
    mutating func begin(_ metric: Metric) {
        let type =
            switch metric.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        let help = Self.escaped(metric.help, quotes: false)
        self.bytes.append(contentsOf: "# HELP \(metric.name) \(help)\n# TYPE \(metric.name) \(type)\n".utf8)
    }

    mutating func add(_ counter: CounterHandle, of metric: Metric, _ labelValues: [String]) {
        self.add(metric.name, Self.labels(metric.labels, labelValues), Double(counter.current))
    }

    mutating func add(_ gauge: GaugeHandle, of metric: Metric, _ labelValues: [String]) {
        self.add(metric.name, Self.labels(metric.labels, labelValues), gauge.current)
    }

    mutating func add(_ histogram: HistogramHandle, of metric: Metric, _ labelValues: [String]) {
        let (counts, sum) = histogram.current
        let bounds = histogram.upperBounds.map(Self.number) + ["+Inf"]
        var total: UInt64 = 0
        for (bound, count) in zip(bounds, counts) {
            total += count
            let labels = Self.labels(metric.labels + ["le"], labelValues + [bound])
            self.add("\(metric.name)_bucket", labels, Double(total))
        }
        let labels = Self.labels(metric.labels, labelValues)
        self.add("\(metric.name)_sum", labels, sum)
        self.add("\(metric.name)_count", labels, Double(total))
    }

    /// Adds one sample.
    mutating func add(_ name: String, _ labels: String, _ value: Double) {
        self.bytes.append(contentsOf: "\(name)\(labels) \(Self.number(value))\n".utf8)
    }

    private static func labels(_ names: [String], _ values: [String]) -> String {
        guard !names.isEmpty else { return "" }
        let pairs = zip(names, values).map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// Whole numbers without a fraction, others as Swift prints them, infinities as Prometheus names them.
    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return String(value)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
