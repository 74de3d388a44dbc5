import Wire

/// A frame in words, for the trace.
enum FrameText {
    static func fromWorker(_ frame: [UInt8]) -> String {
        guard let framed = try? WorkerMessage.decode(frame) else { return "no frame" }
        let head = "\(framed.header.type) \(framed.header.session).\(framed.header.sequence)"
        switch framed.message {
        case .hello(let hello):
            let held = hello.held.map { "\($0.epoch)\($0.running ? " running" : "") begun \($0.begun)" }
            return "\(head) \(held)"
        case .report(let report):
            let parts = report.leases.map { part in
                "\(part.epoch): " + zip(part.position, part.outcome).map { "\($0) \($1)" }.joined(separator: ", ")
            }
            return "\(head) number \(report.number) \(parts)"
        case .credit(let credit): return "\(head) \(credit.targets)"
        case .progress(let progress): return "\(head) \(progress.epoch)"
        case .relayState(let state): return "\(head) \(state.relay) \(state.available)"
        case .goodbye: return head
        }
    }

    static func fromCoordinator(_ frame: [UInt8]) -> String {
        guard let framed = try? CoordinatorMessage.decode(frame) else { return "no frame" }
        let head = "\(framed.header.type) \(framed.header.session).\(framed.header.sequence)"
        switch framed.message {
        case .grant(let grant): return "\(head) \(grant.epoch) c\(grant.campaign) lane \(grant.lane) \(grant.position)"
        case .renew(let renew): return "\(head) \(renew.epoch)"
        case .recall(let recall): return "\(head) \(recall.epoch)"
        case .acknowledge(let acknowledge): return "\(head) \(acknowledge.number)"
        case .withdraw(let withdraw): return "\(head) \(withdraw.epoch) \(withdraw.position)"
        case .welcome, .content, .problem, .forget: return head
        }
    }
}
