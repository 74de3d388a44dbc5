import NIOCore
import Synchronization

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

    /// Counts and logs what came of one recipient; the reply has no line end and is empty for a dropped connection.
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
