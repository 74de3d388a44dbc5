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

    /// Recipients who may be written to at the same times.
    package struct Group: Hashable, Sendable {
        /// Of the messages of every queue; those of all groups make 1.
        package let share: Double
        /// When, in seconds after the start, in order; what is not sent by the end of the last never is.
        package let times: [Range<Double>]

        package init(share: Double, times: [Range<Double>]) {
            self.share = share
            self.times = times
        }
    }

    /// What holds a campaign up most.
    package enum Bottleneck: Hashable, Sendable {
        /// The hours in which people may be written to.
        case hours
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

    /// When all is sent, and what most of the time goes into.
    package struct Answer: Hashable, Sendable {
        package let seconds: Double
        package let bottleneck: Bottleneck
        /// Messages that are not sent in time.
        package let unsent: Double
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
    /// At which times who may be written to.
    package var groups: [Group]

    /// Whoever may be written to at any time.
    package static let always = Group(share: 1, times: [0..<Double.infinity])

    package init(
        queues: [Queue],
        shared: [Bucket],
        connections: Int,
        latencySeconds: Double,
        messagesPerSecondMax: Double,
        groups: [Group] = [always]
    ) {
        self.groups = groups
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
        var run = ForecastRun(self)
        return run.answer()
    }
}
