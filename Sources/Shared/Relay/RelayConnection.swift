import Mail
import NIOCore
import NIOSSL

/// The shell around one ``SMTPSession``: bytes to and from a channel, messages from the pool, timers by the pool's
/// tick.
///
/// Everything happens on the pool's event loop. A message costs one read and one write: what a turn of the session
/// wants written is gathered, and a body waits for leave to be written together with its dot and the next envelope.
final class RelayConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Held-back bytes beyond this go out at once: waiting for leave must not cost memory or, for large bodies, time.
    private static let heldBytesMax = 64 * 1024

    /// A message on its way: the job and its body until that is written.
    private struct Load {
        let job: RelayJob
        var body: ByteBuffer
    }

    private let pool: RelayPool
    private var session: SMTPSession
    private var context: ChannelHandlerContext?
    private var output = ByteBuffer()
    /// The loads of the session's messages under way, oldest first; at most two.
    private var first: Load?
    private var second: Load?
    /// Since when the oldest message under way has the connection for itself.
    private var busySince = NIODeadline.distantPast
    private var isSettling = false
    /// The channel is closed, and the pool was not told yet.
    private var isGone = false
    private var isHandshaking = false
    private(set) var isReady = false
    private(set) var isClosed = false
    /// Why it ended, once it did; `nil` when in peace.
    private(set) var problem: String?

    private var seenWait = -1
    private var deadline = NIODeadline.distantFuture
    private var replyDeadline = NIODeadline.distantFuture
    private var writeDeadline = NIODeadline.distantFuture
    private let openedAt: NIODeadline

    init(pool: RelayPool, settings: SMTPSession.Settings, isEncrypted: Bool, now: NIODeadline) {
        self.pool = pool
        self.session = SMTPSession(settings, isEncrypted: isEncrypted)
        self.openedAt = now
    }

    /// Asks the session in its place: a getter of another module would be given a copy, with a count for each of its parts.
    private func ask<Answer>(_ question: (inout SMTPSession) -> Answer) -> Answer { question(&self.session) }

    /// Whether the relay answered any message here.
    var isProductive: Bool { self.session.answeredCount > 0 }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if self.isClosed { return context.close(promise: nil) }
        self.settle()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.unwrapInboundIn(data).withUnsafeReadableBytes { self.session.receive($0) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { self.settle() }

    func channelInactive(context: ChannelHandlerContext) {
        self.session.lost("the relay closed the connection")
        self.isGone = true
        self.settle()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let problem =
            self.isHandshaking
            ? TLSProblem.text(
                error,
                host: self.pool.configuration.host,
                certificate: try? context.channel.pipeline.syncOperations.nioSSL_peerCertificate()
            )
            : "the connection failed: \(error)"
        self.session.lost(problem)
        self.settle()
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.writeDeadline =
            context.channel.isWritable
            ? .distantFuture : self.pool.now + .relay(self.pool.configuration.timeouts.blockSeconds)
    }

    // MARK: Pool

    /// There may be messages: takes one when there is room for it.
    func offer() {
        if self.isReady, self.ask({ $0.canBegin }) { self.settle() }
    }

    func retire() {
        self.session.retire()
        self.settle()
    }

    func cut(_ problem: String) {
        self.session.cut(problem)
        self.settle()
    }

    /// The connection could not be made.
    func fail(_ problem: String) {
        self.session.lost(problem)
        self.settle()
    }

    /// Checks every limit that this connection is under.
    func tick(_ now: NIODeadline) {
        guard !self.isClosed else { return }
        if now >= min(self.deadline, self.replyDeadline, self.writeDeadline) {
            // Work is the one thing that nobody owes us.
            if self.ask({ $0.isIdle }) { self.session.retire() } else { self.session.timedOut() }
            self.settle()
        } else if self.isReady, now - self.openedAt >= .relay(self.pool.configuration.timeouts.lifetimeSeconds) {
            self.retire()
        }
    }

    // MARK: Turns

    /// Does what the session wants until it wants nothing more, gives it messages, and writes.
    private func settle() {
        guard !self.isSettling else { return }
        self.isSettling = true
        self.pool.enter()
        repeat {
            repeat {
                self.gather()
                while let action = self.session.nextAction() {
                    self.gather()
                    self.perform(action)
                }
                self.load()
            } while !self.session.output.isEmpty || self.ask { $0.hasActions }
            // A write that fails closes the channel within this call: then there are messages to resolve.
            self.flush()
        } while self.ask { $0.hasActions }
        self.setTimers()
        self.isSettling = false
        if self.isGone {
            self.isGone = false
            self.pool.ended(self)
        }
        self.pool.leave()
    }

    private func perform(_ action: SMTPAction) {
        switch action {
        case .startTLS: self.startTLS()
        case .ready:
            self.isReady = true
            self.pool.ready(self)
        case .refused(let problem): self.problem = problem
        case .sendBody: self.writeBody()
        case .askLeave(let id): self.askLeave(id)
        case .resolve(let id, let result): self.resolve(id, result)
        case .close(let problem):
            self.problem = self.problem ?? problem
            self.isClosed = true
            self.output.clear()
            self.context?.close(promise: nil)
        }
    }

    private func load() {
        while self.isReady, self.ask({ $0.canBegin }), let (job, body) = self.pool.nextMessage() {
            if self.first == nil {
                self.busySince = self.pool.now
                self.first = Load(job: job, body: body)
            } else {
                self.second = Load(job: job, body: body)
            }
            self.session.begin(id: job.id, sender: job.sender, recipient: job.recipient, size: body.readableBytes)
            // A message whose envelope the session itself refuses is resolved by an action that is still to come.
            if self.ask({ $0.hasActions }) { return }
        }
    }

    private func resolve(_ id: UInt64, _ result: SMTPResult) {
        let job: RelayJob?
        if self.first?.job.id == id {
            job = self.first?.job
            self.first = self.second
            self.second = nil
        } else if self.second?.job.id == id {
            job = self.second?.job
            self.second = nil
        } else {
            job = nil
        }
        guard let job else { return }
        let now = self.pool.now
        self.pool.count(now - self.busySince)
        self.busySince = now
        if self.session.answeredCount == 1 { self.pool.worked() }
        self.pool.resolved(job, result)
    }

    private func askLeave(_ id: UInt64) {
        guard let job = self.first?.job, job.id == id else { return }
        self.pool.intend(job) { granted in
            self.session.leave(id, granted: granted)
            self.settle()
        }
    }

    // MARK: Writing

    private func gather() {
        guard !self.session.output.isEmpty else { return }
        self.output.writeBytes(self.session.output)
        self.session.output.removeAll(keepingCapacity: true)
    }

    private func writeBody() {
        guard var body = self.first?.body else { return }
        self.first?.body = ByteBuffer()
        let end = body.writerIndex
        let isEnded = body.readableBytes == 0 || body.getInteger(at: end - 2, as: UInt16.self) == 0x0D0A
        if body.readableBytes <= Self.heldBytesMax {
            self.output.writeBuffer(&body)
        } else {
            self.write()
            self.context?.write(self.wrapOutboundOut(body), promise: nil)
            self.context?.flush()
        }
        if !isEnded { self.output.writeInteger(UInt16(0x0D0A)) }
    }

    private func flush() {
        // A body waits for leave: then it leaves in one write with its dot and the next envelope.
        let isHeld = self.ask { $0.wait } == .leave && self.output.readableBytes <= Self.heldBytesMax
        guard self.output.readableBytes > 0, !isHeld, !self.isClosed else { return }
        self.write()
        self.context?.flush()
    }

    private func write() {
        guard self.output.readableBytes > 0, let context = self.context else { return }
        context.write(self.wrapOutboundOut(self.output), promise: nil)
        self.output.clear()
    }

    // MARK: TLS

    private func startTLS() {
        // The session may have ended meanwhile: whoever put bytes behind the relay's answer gets no word more from us.
        guard let context = self.context, self.session.wait == .handshake else { return }
        do {
            try context.channel.pipeline.syncOperations.addHandler(try self.pool.tls().handler(), position: .first)
            self.awaitHandshake(context)
            self.session.encrypted()
        } catch {
            self.isHandshaking = true
            self.session.lost("TLS cannot be started: \(error)")
        }
    }

    /// The TLS handler keeps back what is written until the handshake is done: so a write of nothing tells when that
    /// is.
    func awaitHandshake(_ context: ChannelHandlerContext) {
        self.isHandshaking = true
        self.seenWait = -1
        self.setTimers()
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess {
            self.isHandshaking = false
            self.seenWait = -1
            self.setTimers()
        }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: promise)
    }

    // MARK: Timers

    private func setTimers() {
        let timeouts = self.pool.configuration.timeouts
        if self.session.waitNumber != self.seenWait {
            self.seenWait = self.session.waitNumber
            let seconds =
                switch self.ask({ $0.wait }) {
                case _ where self.isHandshaking: timeouts.handshakeSeconds
                case .greeting: timeouts.greetingSeconds
                case .handshake: timeouts.handshakeSeconds
                case .envelope: timeouts.envelopeSeconds
                case .data: timeouts.dataSeconds
                case .leave: timeouts.leaveSeconds
                case .message: timeouts.messageSeconds
                case .quit: timeouts.quitSeconds
                case .work: timeouts.idleSeconds
                }
            self.deadline = self.pool.now + .relay(seconds)
            self.replyDeadline = .distantFuture
        }
        if self.ask({ $0.isInReply }), self.replyDeadline == .distantFuture, self.ask({ $0.wait }) != .message {
            self.replyDeadline = self.pool.now + .relay(timeouts.replySeconds)
        }
    }
}

extension TimeAmount {
    /// A limit of ``SMTPTimeouts``.
    static func relay(_ seconds: Double) -> Self { .nanoseconds(Int64(seconds * 1_000_000_000)) }
}
