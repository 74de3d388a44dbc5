package import Domain

/// When a campaign would be done: its queues, filled by what limits, connections and the relay let through, until nothing is left.
///
/// Messages are taken as a stream. At every moment each queue leaves as fast as its own limits and slots allow, the queues share what
/// they have in common evenly, and the next thing that changes (a queue is empty, a bucket is) ends the step.
package struct FinishForecast: Sendable {
    /// A limit, with what is in its bucket now.
    package struct Bucket: Hashable, Sendable {
        /// As users know it: `site gmail.com`.
        package let name: String
        package let limit: Limit
        package var level: Double
        /// Share of the rate, while a site asks for patience.
        package let factor: Double

        package init(name: String, limit: Limit, level: Double? = nil, factor: Double = 1) {
            self.name = name
            self.limit = limit
            self.level = level ?? Double(limit.burst)
            self.factor = factor
        }

        /// `site gmail.com: 200/s`.
        package var text: String { "\(self.name): \(self.limit.text)" }
    }

    /// Messages of one queue.
    package struct Queue: Hashable, Sendable {
        package let name: String
        package var messages: Double
        /// Messages that may be open at once.
        package let slots: Int
        package var buckets: [Bucket]

        package init(name: String, messages: Int, slots: Int, buckets: [Bucket]) {
            self.name = name
            self.messages = Double(messages)
            self.slots = max(1, slots)
            self.buckets = buckets
        }
    }

    /// What holds a campaign up most.
    package enum Bottleneck: Hashable, Sendable {
        case limit(String)
        /// The slots of this queue, each busy for as long as the relay takes.
        case slots(String)
        /// All connections of all workers, likewise.
        case connections
        /// What coordinator and workers can do at all.
        case machine
        /// There is nothing to send.
        case nothing
    }

    package struct Answer: Hashable, Sendable {
        package let seconds: Double
        package let bottleneck: Bottleneck
    }

    package var queues: [Queue]
    /// Limits of the cluster, the relay, the sender and the campaign: over all queues.
    package var shared: [Bucket]
    /// Connections of all workers together.
    package var connections: Int
    /// How long a connection is busy with one message, in seconds.
    package var latencySeconds: Double
    /// Messages a second that coordinator and workers can make at most.
    package var messagesPerSecondMax: Double

    package init(
        queues: [Queue],
        shared: [Bucket],
        connections: Int,
        latencySeconds: Double,
        messagesPerSecondMax: Double
    ) {
        self.queues = queues
        self.shared = shared
        self.connections = max(1, connections)
        self.latencySeconds = max(0.000_01, latencySeconds)
        self.messagesPerSecondMax = messagesPerSecondMax
    }

    /// From a message's outcome to its permit being free: a report waits up to a tenth of a second.
    package static let reportSeconds = 0.1
    /// From the start to the first message: the audience begins to be frozen, and a grant reaches a worker.
    package static let startSeconds = 0.2

    /// Computes the end.
    ///
    /// - Returns: Seconds from the start to the last outcome, and what took most of the time.
    package func answer() -> Answer {
        var run = Run(self)
        return run.answer()
    }
}

/// One computation.
private struct Run {
    private var queues: [FinishForecast.Queue]
    private var shared: [FinishForecast.Bucket]
    private let forecast: FinishForecast
    private let turnaround: Double
    private var seconds = 0.0
    private var blame: [FinishForecast.Bottleneck: Double] = [:]

    /// Below this a queue is empty: a stream has no whole messages.
    private static let dust = 0.000_1

    init(_ forecast: FinishForecast) {
        self.forecast = forecast
        self.queues = forecast.queues.filter { $0.messages > 0 }
        self.shared = forecast.shared
        self.turnaround = forecast.latencySeconds + FinishForecast.reportSeconds
    }

    mutating func answer() -> FinishForecast.Answer {
        guard !self.queues.isEmpty else { return .init(seconds: 0, bottleneck: .nothing) }
        // Each step empties a queue or a bucket; buckets may fill again while their queue waits for others.
        let stepsMax = 64 + 8 * (self.queues.count + self.shared.count)
        for _ in 0..<stepsMax where !self.queues.isEmpty { self.step() }
        // What is left after so many steps leaves as it did in the last one.
        let end = self.seconds + FinishForecast.startSeconds + self.turnaround
        let most = self.blame.max { ($0.value, "\($1.key)") < ($1.value, "\($0.key)") }
        return .init(seconds: end, bottleneck: most?.key ?? .machine)
    }

    private mutating func step() {
        let caps = self.queues.map { self.cap(of: $0) }
        let common = self.commonCap()
        let rates = Self.share(common.rate, caps.map(\.rate))
        let total = rates.reduce(0, +)
        var length = Double.infinity
        for (queue, rate) in zip(self.queues, rates) where rate > 0 { length = min(length, queue.messages / rate) }
        for (index, rate) in rates.enumerated() {
            for bucket in self.queues[index].buckets { length = min(length, self.timeToEmpty(bucket, rate)) }
        }
        for bucket in self.shared { length = min(length, self.timeToEmpty(bucket, total)) }
        guard length.isFinite else { return self.queues.removeAll() }
        self.note(length, caps, rates, common, total)
        self.seconds += length
        for index in self.queues.indices {
            self.queues[index].messages -= rates[index] * length
            for bucket in self.queues[index].buckets.indices {
                self.move(&self.queues[index].buckets[bucket], rates[index], length)
            }
        }
        for bucket in self.shared.indices { self.move(&self.shared[bucket], total, length) }
        self.queues.removeAll { $0.messages < Self.dust }
    }

    private func inflow(_ bucket: FinishForecast.Bucket) -> Double {
        let perSecond = Double(bucket.limit.quantity) * 1_000 / Double(bucket.limit.periodMilliseconds)
        return perSecond * bucket.factor
    }

    /// What a bucket lets through for long.
    ///
    /// What was granted and has no outcome yet keeps its place in the bucket: a small one turns over only so often.
    private func lasting(_ bucket: FinishForecast.Bucket) -> Double {
        let inflow = self.inflow(bucket)
        let quantum = Double(max(1, min(bucket.limit.burst / 4, 128)))
        return min(inflow, Double(bucket.limit.burst) / (self.turnaround + quantum / inflow))
    }

    private func isEmpty(_ bucket: FinishForecast.Bucket) -> Bool { bucket.level < Self.dust }

    private func rate(_ bucket: FinishForecast.Bucket) -> Double {
        let burst = Double(bucket.limit.burst) / self.turnaround
        // One that turns over more slowly than it fills has no burst to speak of.
        if self.isEmpty(bucket) || burst <= self.inflow(bucket) { return self.lasting(bucket) }
        return max(self.lasting(bucket), burst)
    }

    private func cap(of queue: FinishForecast.Queue) -> (rate: Double, by: FinishForecast.Bottleneck) {
        var cap = (Double(queue.slots) / self.forecast.latencySeconds, FinishForecast.Bottleneck.slots(queue.name))
        for bucket in queue.buckets where self.rate(bucket) < cap.0 { cap = (self.rate(bucket), .limit(bucket.text)) }
        return cap
    }

    private func commonCap() -> (rate: Double, by: FinishForecast.Bottleneck) {
        var cap = (self.forecast.messagesPerSecondMax, FinishForecast.Bottleneck.machine)
        let connections = Double(self.forecast.connections) / self.forecast.latencySeconds
        if connections < cap.0 { cap = (connections, .connections) }
        for bucket in self.shared where self.rate(bucket) < cap.0 { cap = (self.rate(bucket), .limit(bucket.text)) }
        return cap
    }

    /// Even shares; what a queue cannot use goes to the others.
    private static func share(_ total: Double, _ caps: [Double]) -> [Double] {
        var rates = [Double](repeating: 0, count: caps.count)
        var left = total
        var waiting = caps.count
        for index in caps.indices.sorted(by: { (caps[$0], $0) < (caps[$1], $1) }) {
            rates[index] = min(caps[index], left / Double(waiting))
            left -= rates[index]
            waiting -= 1
        }
        return rates
    }

    private func timeToEmpty(_ bucket: FinishForecast.Bucket, _ rate: Double) -> Double {
        let outflow = rate - self.inflow(bucket)
        return self.isEmpty(bucket) || outflow <= 0 ? .infinity : bucket.level / outflow
    }

    private func move(_ bucket: inout FinishForecast.Bucket, _ rate: Double, _ length: Double) {
        let level = bucket.level + (self.inflow(bucket) - rate) * length
        // An empty one stays empty: what flows in is used at once.
        let full = Double(bucket.limit.burst)
        bucket.level = self.isEmpty(bucket) && rate >= self.lasting(bucket) - Self.dust ? 0 : min(full, max(0, level))
        if bucket.level < Self.dust { bucket.level = 0 }
    }

    /// Notes what a step's time was spent on: what all share when that is used up, else whatever holds up the queue that ends last.
    private mutating func note(
        _ length: Double,
        _ caps: [(rate: Double, by: FinishForecast.Bottleneck)],
        _ rates: [Double],
        _ common: (rate: Double, by: FinishForecast.Bottleneck),
        _ total: Double
    ) {
        if total >= common.rate * 0.999 {
            self.blame[common.by, default: 0] += length
            return
        }
        var last: (index: Int, time: Double)?
        for (index, rate) in rates.enumerated() where rate > 0 {
            let time = self.queues[index].messages / rate
            if time > last?.time ?? -1 { last = (index, time) }
        }
        if let last { self.blame[caps[last.index].by, default: 0] += length }
    }
}
