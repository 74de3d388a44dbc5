import Transport
import Wire

/// Numbers frames: from 1 in every session, and each `Hello` with 1.
struct FrameNumbering {
    private var session: UInt64 = 0
    private var sequence: UInt64 = 0

    /// - Returns: `nil` for what does not fit into a frame.
    mutating func frame(_ item: Outgoing, session: UInt64) -> [UInt8]? {
        if session != self.session || session == 0 {
            self.session = session
            self.sequence = 0
        }
        let message: WorkerMessage
        switch item {
        case .message(let plain): message = plain
        case .report(let report): message = .report(ReportFrame.wire(report))
        }
        // Too long for a frame can only be a Hello with more leases than were ever granted: then there is nothing to say.
        guard let bytes = try? message.frame(session: session, sequence: self.sequence + 1) else { return nil }
        self.sequence += 1
        return bytes
    }
}

/// Bytes from the coordinator as events.
enum FrameReading {
    static func event(_ inbound: DealerInbound) -> LinkEvent {
        switch inbound {
        case .malformed(let parts): return .noFrame(problem: "a message of \(parts) parts; 1 is allowed")
        case .frame(let bytes): return Self.event(bytes)
        }
    }

    static func event(_ bytes: [UInt8]) -> LinkEvent {
        do throws(FrameError) {
            let framed = try CoordinatorMessage.decode(bytes)
            guard case .grant(let grant) = framed.message else { return .message(framed.header, framed.message) }
            do throws(ColumnError) {
                return .grant(framed.header, try ReceivedGrant(grant))
            } catch {
                return .wrongGrant(framed.header, grant, problem: error.description)
            }
        } catch {
            return .noFrame(problem: error.description)
        }
    }
}
