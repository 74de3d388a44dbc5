import CoordinatorCore
import Domain
import WorkerCore

/// The people, and whoever causes trouble.
final class Operators {
    private unowned let world: World
    /// How many of the plan's campaigns are wanted by now.
    private var wanted = 1
    private var cancelled: Set<Int> = []
    private var paused: Set<Int> = []
    private var known: [(id: Campaign.ID, number: Int, state: CampaignState?)] = []

    init(in world: World) { self.world = world }

    /// Has the first campaigns of the plan submitted, so many of them.
    func want(_ count: Int) { self.wanted = min(count, self.world.plan.campaigns.count) }

    /// What is submitted as the campaign with this number.
    func source(_ number: Int) -> String {
        """
        name: n\(number)
        audience: {list: everyone}
        from: n\(number)@b.example
        variants: [{name: a, subject: s, text: "Hi {{name}}"}]
        \(self.world.plan.campaigns[number])
        """
    }

    func start() {
        self.world.agenda.add(at: self.world.now + self.world.random.time(300...900)) { [unowned self] in
            self.look()
            self.start()
        }
    }

    /// Asks for whatever is not as it should be; what was lost with a crash is asked again.
    private func look() {
        self.refresh()
        for number in 0..<self.wanted {
            guard let campaign = self.known.first(where: { $0.number == number }) else {
                self.world.coordinator.ask(.submit(source: self.source(number)))
                continue
            }
            switch campaign.state {
            case .submitted: self.world.coordinator.ask(.approve(campaign.id))
            case .running where self.cancelled.contains(number): self.world.coordinator.ask(.cancel(campaign.id))
            case .running where self.paused.contains(number) && self.world.isTrouble:
                self.world.coordinator.ask(.pause(campaign.id))
            case .paused where !self.paused.contains(number) || !self.world.isTrouble:
                self.world.coordinator.ask(.resume(campaign.id))
            default: break
            }
        }
    }

    private func refresh() {
        self.known = self.world.books.campaigns().map { row in
            (row.id, Int(row.name.drop { !$0.isNumber }) ?? 0, row.state)
        }
    }

    /// Whether every campaign that was wanted is finished or cancelled, with nothing left to settle.
    var isEverythingOver: Bool {
        self.refresh()
        guard self.known.count >= self.wanted else { return false }
        return self.known.allSatisfy { $0.state == .finished || $0.state == .cancelled }
            && self.world.books.rows("SELECT 1 FROM campaign WHERE finished_at IS NULL OR cancelling = 1") { _ in true }
                .isEmpty
            && self.world.books.rows("SELECT 1 FROM shard WHERE open = 1") { _ in true }.isEmpty
            && self.world.workers.allSatisfy { $0.process?.isIdle ?? false }
    }

    // MARK: What others ask

    func campaign(of sender: String) -> Campaign.ID? {
        guard let number = Int(sender.dropFirst().prefix { $0 != "@" }) else { return nil }
        if let known = self.known.first(where: { $0.number == number }) { return known.id }
        self.refresh()
        return self.known.first { $0.number == number }?.id
    }

    private func number(_ campaign: Int64) -> Int? {
        if let known = self.known.first(where: { $0.id.rawValue == campaign }) { return known.number }
        self.refresh()
        return self.known.first { $0.id.rawValue == campaign }?.number
    }

    func resends(_ campaign: Int64) -> Bool {
        self.number(campaign).map { self.world.plan.campaigns[$0].contains("on_doubt: resend") } ?? false
    }

    /// Whether people are written to in the first minute of the simulation only.
    func closes(_ campaign: Int64) -> Bool {
        self.number(campaign).map { self.world.plan.campaigns[$0].contains(WorldPlan.window) } ?? false
    }

    var limits: [(id: Int64, limits: [Limit])] {
        self.refresh()
        return self.known.map { campaign in
            let line = self.world.plan.campaigns[campaign.number].split(separator: "\n").first {
                $0.contains("throttles")
            }
            let text = line?.split(separator: "\"").dropFirst().first
            return (campaign.id.rawValue, text.flatMap { Limit($0) }.map { [$0] } ?? [])
        }
    }

    // MARK: Trouble

    func perform(_ act: Weather.Act) {
        let world = self.world
        let worker = world.random.pick(world.workers)
        switch act {
        case .killCoordinator:
            guard world.coordinator.loop != nil else { return }
            world.coordinator.kill()
            world.coordinator.restartSoon()
        case .pauseCoordinator: world.coordinator.pause(world.random.time(500...15_000))
        case .jumpWall:
            // Back, or so far ahead that campaigns expire. (One that was a little ahead and is set right makes retries wait for as long.)
            world.coordinator.clock.wallError = world.random.pick([
                -31_536_000_000, -3_600_000, -5_000, 5_000, 31_536_000_000,
            ])
            world.note("the coordinator's wall clock jumps to \(world.coordinator.clock.wallError)")
        case .killWorker: self.restart(worker) { worker.kill() }
        case .losePower: self.restart(worker) { worker.losePower() }
        case .loseJournal: self.restart(worker) { worker.loseJournal() }
        case .pauseWorker:
            worker.pause(world.random.pick([world.random.time(50...2_000), world.random.time(2_000...30_000)]))
        case .drainWorker:
            worker.drain()
            self.startLater(worker)
        case .removeWorker:
            worker.isAllowed = false
            world.coordinator.ask(.removeWorker(worker.name))
            world.agenda.add(at: world.now + world.random.time(1_000...30_000)) { [unowned worker] in
                worker.isAllowed = true
            }
        case .partition: self.cut(worker, up: true, down: true)
        case .partitionOneWay:
            let isUp = world.random.chance(500)
            self.cut(worker, up: isUp, down: !isUp)
        case .resetLink: if let link = worker.link { worker.linkBroke(link) }
        case .relayDown:
            let relay = world.random.pick(world.relays)
            relay.downUntil = world.now + world.random.time(500...15_000)
            world.note("\(relay.name) is down until \(relay.downUntil)")
        case .pauseCampaign: self.paused.insert(world.random.number(0..<self.wanted))
        case .resumeCampaign: self.paused.removeAll()
        case .cancelCampaign: self.cancelled.insert(world.random.number(0..<self.wanted))
        case .suppress:
            world.coordinator.ask(.suppress(address: world.random.pick(world.plan.people).address))
        case .retryTargets: self.ask { .retry(world.random.pick([.bounced, .failed, .expired, .deferred]), $0) }
        case .resolveDoubts: self.ask { world.random.chance(700) ? .resend($0) : .skip($0) }
        case .nextCampaign: self.wanted = min(self.wanted + 1, world.plan.campaigns.count)
        }
    }

    /// Asks something once of a campaign that there is.
    private func ask(_ command: (Campaign.ID) -> DrivenLoop.Command) {
        self.refresh()
        guard !self.known.isEmpty else { return }
        self.world.coordinator.ask(command(self.world.random.pick(self.known).id))
    }

    private func restart(_ worker: WorkerHost, _ end: () -> Void) {
        end()
        self.startLater(worker)
    }

    private func startLater(_ worker: WorkerHost) {
        self.world.agenda.add(at: self.world.now + self.world.random.time(100...12_000)) { [unowned worker] in
            worker.start()
        }
    }

    private func cut(_ worker: WorkerHost, up: Bool, down: Bool) {
        worker.cut(up: up, down: down)
        self.world.agenda.add(at: self.world.now + self.world.random.time(200...25_000)) { [unowned worker] in
            worker.heal()
        }
    }
}
