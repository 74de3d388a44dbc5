import Domain
package import NIOCore
import NIOPosix
import Synchronization

/// What a sink does and keeps.
package struct SinkOptions: Sendable {
    /// Where it listens; an IP address.
    package var host = "127.0.0.1"
    /// 0 lets the system choose.
    package var port = 2525
    package var scenario = SinkScenario.accept
    /// The file that log lines are appended to; `nil` for none.
    package var logPath: String?
    /// A file descriptor that log lines are written to, when there is no path; the caller closes it.
    package var logDescriptor: Int32?
    /// The folder that whole messages are kept in, one file each, named by the number in the reply; `nil` for none.
    package var keepFolder: String?

    package init() {}
}

/// A sink that cannot start: what is wrong, and where.
package struct SinkError: Error, CustomStringConvertible {
    package let description: String
}

/// A relay to test against: takes messages by SMTP with a scenario's replies, counts and logs them, and delivers nothing.
package final class SinkServer: Sendable {
    private let channel: any Channel
    private let desk: SinkDesk
    private let flushing: RepeatedTask

    private init(channel: any Channel, desk: SinkDesk) {
        self.channel = channel
        self.desk = desk
        // A log that is read while the sink runs is at most a second behind.
        self.flushing = channel.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            desk.log?.flush()
        }
    }

    /// Opens the log, makes the folder and listens.
    ///
    /// - Throws: ``SinkError``.
    package static func start(_ options: SinkOptions, on group: any EventLoopGroup) async throws -> SinkServer {
        let desk = try SinkDesk(options)
        do {
            let channel = try await ServerBootstrap(group: group)
                // Many workers come at once.
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(SinkConnection(desk: desk))
                    }
                }
                .bind(host: options.host, port: options.port)
                .get()
            return SinkServer(channel: channel, desk: desk)
        } catch {
            desk.log?.close()
            throw SinkError(description: "cannot listen on \(options.host):\(options.port): \(error)")
        }
    }

    /// The port it listens on.
    package var port: Int { self.channel.localAddress?.port ?? 0 }

    /// What it saw so far.
    package var tally: SinkTally { self.desk.tally }

    /// Stops listening, closes every connection, and writes the rest of the log.
    package func stop() async throws {
        self.flushing.cancel()
        try await self.channel.close().get()
        for connection in self.desk.open { try? await connection.close().get() }
        self.desk.log?.close()
    }
}

/// What the connections of a sink share.
final class SinkDesk: Sendable {
    private struct State {
        var tally = SinkTally()
        var addresses = SinkAddresses()
        var channels: [ObjectIdentifier: any Channel] = [:]
        var messages = 0
        var keepProblem: String?
    }

    /// Most connections at once; one more is told 421, as a busy relay would.
    static let connectionsMax = 2_000

    let plan: SinkPlan
    let log: SinkLog?
    let keepFolder: String?
    private let state = Mutex(State())

    init(_ options: SinkOptions) throws {
        self.plan = SinkPlan(options.scenario)
        self.keepFolder = options.keepFolder
        if let folder = options.keepFolder, let problem = SystemFile.makeFolder(folder) {
            throw SinkError(description: "cannot make the folder \(folder): \(problem)")
        }
        if let path = options.logPath {
            guard let descriptor = SystemFile.open(path, appending: true) else {
                throw SinkError(description: "cannot open the log \(path): \(SystemFile.lastProblem)")
            }
            self.log = SinkLog(descriptor: descriptor, ownsDescriptor: true)
        } else {
            self.log = options.logDescriptor.map { SinkLog(descriptor: $0, ownsDescriptor: false) }
        }
    }

    var tally: SinkTally {
        var tally = self.state.withLock { state in
            var tally = state.tally
            tally.problem = state.keepProblem
            return tally
        }
        tally.problem = tally.problem ?? self.log?.problem
        return tally
    }

    var open: [any Channel] { self.state.withLock { Array($0.channels.values) } }

    /// - Returns: Whether there is room for it.
    func opened(_ channel: any Channel) -> Bool {
        self.state.withLock { state in
            guard state.channels.count < Self.connectionsMax else { return false }
            state.tally.connections += 1
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    func closed(_ channel: any Channel) {
        self.state.withLock { state in _ = state.channels.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Counts a try of an address; lower case.
    func verdict(for address: [UInt8], hash: UInt64) -> SinkPlan.Verdict {
        let tries = self.state.withLock { state in
            let tries = state.addresses.tried(hash)
            if tries == nil { state.tally.isExact = false }
            return tries
        }
        return self.plan.verdict(for: address, hash: hash, tries: tries ?? SinkAddresses.triesMax)
    }

    /// The number of a message that is about to be accepted.
    func nextMessage() -> Int {
        self.state.withLock { state in
            state.messages += 1
            return state.messages
        }
    }

    /// Counts and logs what came of one recipient.
    ///
    /// - Parameter reply: Without line end; empty for a dropped connection.
    func settled(_ recipient: SinkRecipient, from: [UInt8], size: Int, reply: [UInt8], messageID: [UInt8]) {
        self.state.withLock { state in
            switch reply.first {
            case 50:
                state.tally.accepted += 1
                guard let note = state.addresses.accepted(recipient.hash) else {
                    state.tally.isExact = false
                    return
                }
                if note.isFirst { state.tally.addresses += 1 }
                if note.isSecond { state.tally.repeatedAddresses += 1 }
            case 52: state.tally.deferred += 1
            case nil: state.tally.dropped += 1
            default: state.tally.refused += 1
            }
        }
        self.log?.append(from: from, to: recipient.address, size: size, reply: reply, messageID: messageID)
    }

    func keep(_ content: [UInt8], number: Int) {
        guard let folder = self.keepFolder else { return }
        let digits = String(number)
        let path = "\(folder)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).eml"
        var problem: String?
        if let descriptor = SystemFile.open(path, appending: false) {
            problem = SystemFile.write(content, to: descriptor)
            if !SystemFile.close(descriptor) { problem = problem ?? SystemFile.lastProblem }
        } else {
            problem = SystemFile.lastProblem
        }
        if let problem {
            self.state.withLock { $0.keepProblem = "messages are missing: cannot write \(path): \(problem)" }
        }
    }
}

/// One recipient of a message that a sink is being given.
struct SinkRecipient: Sendable {
    /// As it came.
    let address: [UInt8]
    /// Of its lower-case form.
    let hash: UInt64
    let verdict: SinkPlan.Verdict
}
