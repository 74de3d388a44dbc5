import Domain
import Engine
import Foundation
import Wire

// The worker's messages, made from what it knows.

extension WorkerMessage {
    static func credit(nonce: UInt64, targets: Int, timing: [WireRelayTiming] = []) -> Self {
        var message = WireCredit()
        message.nonce = nonce
        message.targets = UInt32(clamping: targets)
        message.timing = timing
        return .credit(message)
    }

    static func progress(nonce: UInt64, _ progress: LeaseBook.Progress) -> Self {
        var message = WireProgress()
        message.nonce = nonce
        message.epoch = progress.epochs
        message.settled = progress.settled
        message.begun = progress.begun
        return .progress(message)
    }

    /// Says whether a relay can be used; `problem` is `nil` when it can.
    static func relayState(_ relay: String, problem: String?) -> Self {
        var message = WireRelayState()
        message.relay = relay
        message.available = problem == nil
        message.problem = problem ?? ""
        return .relayState(message)
    }

    static func hello(_ identity: WorkerIdentity, holding leases: [HeldLease], highestEpoch: UInt64) -> Self {
        var message = WireHello()
        message.build = identity.build
        message.machineBoot = identity.machineBoot
        message.journal = Data(identity.journal)
        message.journalDurable = identity.journalIsDurable
        message.connections = UInt32(clamping: identity.connections)
        message.process = identity.process
        message.highestEpoch = highestEpoch
        message.held = leases.map { lease in
            var held = WireHeldLease()
            held.epoch = lease.epoch.rawValue
            held.running = lease.running
            held.begun = lease.begun
            return held
        }
        return .hello(message)
    }
}
