import Domain

/// One computation.
struct ForecastRun {
    private var queues: [FinishForecast.Queue]
    private var shared: [FinishForecast.Bucket]
    private let forecast: FinishForecast
    private let turnaround: Double
    private var seconds = 0.0
    private var blame: [FinishForecast.Bottleneck: Double] = [:]
    /// What is left of each queue, by group.
    private var left: [[Double]]

    /// Below this a queue is empty: a stream has no whole messages.
    private static let dust = 0.000_1

    init(_ forecast: FinishForecast) {
        self.forecast = forecast
        self.queues = forecast.queues.filter { $0.messages > 0 }
        self.left = self.queues.map { queue in forecast.groups.map { $0.share * queue.messages } }
        self.shared = forecast.shared
        self.turnaround = forecast.latencySeconds + FinishForecast.reportSeconds
    }

    mutating func answer() -> FinishForecast.Answer {
        guard !self.queues.isEmpty else { return .init(seconds: 0, bottleneck: .nothing, unsent: 0) }
        // Each step empties a queue or a bucket, or somebody's hours begin or end; buckets may fill again while their queue waits.
        let changes = self.forecast.groups.reduce(0) { $0 + 2 * $1.times.count }
        let stepsMax = 64 + 8 * (self.queues.count + self.shared.count) + 4 * changes
        for _ in 0..<stepsMax where !self.queues.isEmpty { if !self.step() { break } }
        // What is left after so many steps leaves as it did in the last one.
        let unsent = self.left.reduce(0) { $0 + $1.reduce(0, +) }
        let end = self.seconds + FinishForecast.startSeconds + self.turnaround
        let most = self.blame.max { ($0.value, "\($1.key)") < ($1.value, "\($0.key)") }
        return .init(seconds: end, bottleneck: most?.key ?? .machine, unsent: unsent < Self.dust ? 0 : unsent)
    }

    /// Whether a group may be written to now.
    private func isOpen(_ group: Int) -> Bool {
        self.forecast.groups[group].times.contains { $0.contains(self.seconds) }
    }

    /// When the next one's hours begin or end.
    private var nextChange: Double? {
        let waiting = self.forecast.groups.indices.filter { group in self.left.contains { $0[group] >= Self.dust } }
        let moments = waiting.lazy.flatMap { self.forecast.groups[$0].times }.flatMap {
            [$0.lowerBound, $0.upperBound]
        }
        return moments.filter { $0 > self.seconds && $0.isFinite }.min()
    }

    /// - Returns: Whether there may be more.
    private mutating func step() -> Bool {
        let open = self.forecast.groups.indices.filter { self.isOpen($0) }
        for index in self.queues.indices {
            self.queues[index].messages = open.reduce(0) { $0 + self.left[index][$1] }
        }
        let change = self.nextChange
        guard self.queues.contains(where: { $0.messages >= Self.dust }) else {
            guard let change else { return false }
            return self.wait(until: change)
        }
        let caps = self.queues.map { self.cap(of: $0) }
        let common = self.commonCap()
        let rates = Self.share(common.rate, caps.map(\.rate))
        let total = rates.reduce(0, +)
        var length = change.map { $0 - self.seconds } ?? .infinity
        for (queue, rate) in zip(self.queues, rates) where rate > 0 { length = min(length, queue.messages / rate) }
        for (index, rate) in rates.enumerated() {
            for bucket in self.queues[index].buckets { length = min(length, self.timeToEmpty(bucket, rate)) }
        }
        for bucket in self.shared { length = min(length, self.timeToEmpty(bucket, total)) }
        guard length.isFinite else { return false }
        self.note(length, caps, rates, common, total)
        self.move(rates, length, open)
        return true
    }

    /// Nobody may be written to until then.
    private mutating func wait(until moment: Double) -> Bool {
        let length = moment - self.seconds
        self.blame[.hours, default: 0] += length
        self.move(self.queues.map { _ in 0 }, length, [])
        self.seconds = moment
        return true
    }

    private mutating func move(_ rates: [Double], _ length: Double, _ open: [Int]) {
        self.seconds += length
        for index in self.queues.indices {
            let share = max(0, 1 - rates[index] * length / max(Self.dust, self.queues[index].messages))
            for group in open { self.left[index][group] *= share }
            for bucket in self.queues[index].buckets.indices {
                self.move(&self.queues[index].buckets[bucket], rates[index], length)
            }
        }
        let total = rates.reduce(0, +)
        for bucket in self.shared.indices { self.move(&self.shared[bucket], total, length) }
        for index in self.queues.indices.reversed() where self.left[index].reduce(0, +) < Self.dust {
            self.queues.remove(at: index)
            self.left.remove(at: index)
        }
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
        if queue.messages < Self.dust { return (0, .hours) }
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
