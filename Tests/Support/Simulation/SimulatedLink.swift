/// One TCP connection from a worker to the coordinator.
///
/// Within it frames arrive in order and none is missing in the middle: that is TCP's promise, and the protocol builds on it. What
/// is still on its way when it breaks is lost from some point on, and may come late when the coordinator has not noticed.
final class SimulatedLink {
    let number: Int
    /// Names the connection at the coordinator's socket.
    let routing: [UInt8]
    private unowned let worker: WorkerHost
    private unowned let world: World
    private(set) var isOpenAtWorker = true
    private(set) var isOpenAtCoordinator = true
    private var up = Direction()
    private var down = Direction()

    private struct Direction {
        var lastArrival: Int64 = 0
        /// Held back by a partition, oldest first.
        var stalled: [[UInt8]] = []
        /// Frames that arrive later than this are lost; `nil` while the connection stands.
        var lostAfter: Int64?
        /// What is on its way comes when the connection is nearly over: it was lost, and sent again.
        var comesLate = false
    }

    init(_ number: Int, of worker: WorkerHost, in world: World) {
        self.number = number
        self.routing = Array("\(worker.name)/\(number)".utf8)
        self.worker = worker
        self.world = world
    }

    func toCoordinator(_ frame: [UInt8]) {
        guard self.isOpenAtWorker else { return }
        for _ in 0..<(self.world.random.chance(self.world.weather.duplicateFrame) ? 2 : 1) {
            let arrival = max(self.up.lastArrival, self.world.now + self.world.frameDelay())
            self.up.lastArrival = arrival
            self.world.agenda.add(at: arrival) { [self] in self.arriveUp(frame) }
        }
    }

    func toWorker(_ frame: [UInt8]) {
        for _ in 0..<(self.world.random.chance(self.world.weather.duplicateFrame) ? 2 : 1) {
            let arrival = max(self.down.lastArrival, self.world.now + self.world.frameDelay())
            self.down.lastArrival = arrival
            self.world.agenda.add(at: arrival) { [self] in self.arriveDown(frame) }
        }
    }

    private func arriveUp(_ frame: [UInt8]) {
        if let end = self.up.lostAfter, self.world.now > end { return }
        guard self.isOpenAtCoordinator else { return }
        if self.worker.isCutUp || self.up.comesLate || !self.up.stalled.isEmpty { return self.up.stalled.append(frame) }
        self.world.coordinator.receive(frame, over: self)
    }

    private func arriveDown(_ frame: [UInt8]) {
        if let end = self.down.lostAfter, self.world.now > end { return }
        guard self.isOpenAtWorker else { return }
        if self.worker.isCutDown || !self.down.stalled.isEmpty { return self.down.stalled.append(frame) }
        self.worker.receive { [self] in
            if self.isOpenAtWorker { self.worker.take(frame) }
        }
    }

    /// The partition is over.
    func healed() {
        let (up, down) = (self.up.stalled, self.down.stalled)
        self.up.stalled.removeAll()
        self.down.stalled.removeAll()
        for frame in up { self.arriveUp(frame) }
        for frame in down { self.arriveDown(frame) }
    }

    // MARK: Ends

    /// The worker's side is gone: it noticed a break, or died.
    func closeAtWorker() {
        guard self.isOpenAtWorker else { return }
        self.isOpenAtWorker = false
        // Some of what was sent is still delivered; the coordinator learns of the end some time later.
        let end = self.world.now + self.world.random.time(0...(self.world.weather.lateMilliseconds))
        self.up.lostAfter = end
        self.up.comesLate = self.world.random.chance(self.world.weather.lateFrames)
        if !self.up.comesLate { self.up.stalled.removeAll() }
        self.world.agenda.add(at: end + 1) { [self] in
            let late = self.up.stalled
            self.up.stalled.removeAll()
            for frame in late { self.world.coordinator.receive(frame, over: self) }
            self.isOpenAtCoordinator = false
        }
    }

    /// The coordinator's side is gone.
    func closeAtCoordinator() {
        guard self.isOpenAtCoordinator else { return }
        self.isOpenAtCoordinator = false
        self.down.lostAfter = self.world.now + self.world.random.time(0...20)
        let noticed = self.world.now + self.world.random.time(1...500)
        self.world.agenda.add(at: noticed) { [self] in self.worker.linkBroke(self) }
    }
}
