import SwiftProtobuf

/// What a worker says.
package enum WorkerMessage: Hashable, Sendable {
    case hello(WireHello)
    case credit(WireCredit)
    case progress(WireProgress)
    case report(WireReport)
    case relayState(WireRelayState)
    case goodbye(WireGoodbye)

    package var type: FrameType {
        switch self {
        case .hello: .hello
        case .credit: .credit
        case .progress: .progress
        case .report: .report
        case .relayState: .relayState
        case .goodbye: .goodbye
        }
    }
}

/// What the coordinator says.
package enum CoordinatorMessage: Hashable, Sendable {
    case welcome(WireWelcome)
    case content(WireContent)
    case grant(WireGrant)
    case renew(WireRenew)
    case recall(WireRecall)
    case acknowledge(WireAcknowledge)
    case problem(WireProblem)
    case forget(WireForget)
    case withdraw(WireWithdraw)

    package var type: FrameType {
        switch self {
        case .welcome: .welcome
        case .content: .content
        case .grant: .grant
        case .renew: .renew
        case .recall: .recall
        case .acknowledge: .acknowledge
        case .problem: .problem
        case .forget: .forget
        case .withdraw: .withdraw
        }
    }
}
