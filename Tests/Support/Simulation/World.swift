import CoordinatorCore
import Domain
import Engine
import Storage
import StorageSQLite

/// One simulation: machines, network and relays in one thread, everything by one seed.
///
/// First things go wrong for a while, then nothing does, and all work must come to its end.
final class World {
    let seed: UInt64
    var random: SplitMix64
    let plan: WorldPlan
    var weather: Weather
    var now: Int64 = 0
    var agenda = Agenda()
    var trace: Trace
    private(set) var steps = 0
    private var lastNumber = 0

    let relays: [SimulatedRelay]
    private(set) var workers: [WorkerHost] = []
    private(set) lazy var coordinator = CoordinatorHost(
        self.sabotage.settings(self.plan.settings),
        clock: self.plan.coordinatorClock,
        database: self.database,
        in: self
    )
    private(set) lazy var laws = Laws(self.database, in: self)
    private(set) lazy var sabotage = Saboteur(self.kindOfSabotage, in: self)
    private(set) lazy var operators = Operators(in: self)
    private let kindOfSabotage: Sabotage
    private let database: SQLiteDatabase
    let books: LedgerBooks
    private(set) var isTrouble = true
    private(set) var isOver = false

    /// Asked when all work is done: whether there is more.
    var whenOver: () -> Bool = { false }

    init(
        seed: UInt64,
        sabotage: Sabotage,
        keepsTrace: Bool,
        change: (inout WorldPlan) -> Void = { _ in }
    ) throws {
        self.seed = seed
        var random = SplitMix64(seed)
        var plan = WorldPlan(&random)
        change(&plan)
        self.plan = plan
        self.weather = plan.weather
        self.random = random
        self.trace = Trace(keepsLines: keepsTrace)
        self.relays = plan.relays.map { part in
            let relay = SimulatedRelay(name: part.name, port: part.port, offersPipelining: part.offersPipelining)
            relay.manners = part.manners
            return relay
        }
        self.database = try SQLiteDatabase(path: nil, profile: .ledger, applicationID: Schema.ledgerID)
        self.books = LedgerBooks(self.database)
        self.kindOfSabotage = sabotage
        try self.fill()
        self.workers = try plan.workers.map { worker in
            try WorkerHost(worker.name, connections: worker.connections, clock: worker.clock, in: self)
        }
    }

    private func fill() throws {
        let people = self.plan.people
        try self.database.access { connection throws(StoreError) in
            try Schema.migrate(connection)
            _ = try FieldStore(connection).define([Field(name: "name", type: .text)])
            try connection.transaction { () throws(StoreError) in
                try connection.execute("INSERT INTO list (id, name) VALUES (1, 'everyone')")
                let insert = try connection.prepare(
                    """
                    INSERT INTO contact (id, email, email_key, domain, created_at, updated_at, f_name)
                    VALUES (?1, ?2, ?2, ?3, 0, 0, 'Ann')
                    """
                )
                for (index, person) in people.enumerated() {
                    insert.bind(1, index + 1)
                    insert.bind(2, person.address)
                    insert.bind(3, person.site)
                    try insert.run()
                    guard person.isSuppressed else { continue }
                    try connection.execute("UPDATE contact SET barred = 1 WHERE id = \(index + 1)")
                }
                try connection.execute("INSERT INTO list_member SELECT 1, id FROM contact")
            }
        }
    }

    // MARK: Running

    /// Runs to the end, or to the first law that is broken.
    func run() {
        self.coordinator.start()
        for worker in self.workers {
            self.agenda.add(at: self.random.time(0...500)) { [unowned worker] in worker.start() }
        }
        self.operators.start()
        self.misfortune()
        self.agenda.add(at: self.plan.troubleMilliseconds) { [unowned self] in self.fairWeather() }
        while self.laws.violation == nil, !self.isOver, let time = self.agenda.nextTime,
            let next = self.agenda.popFirst()
        {
            self.now = max(self.now, time)
            self.steps += 1
            self.trace.fold(self.now)
            next.body()
        }
        if self.laws.violation == nil, !self.isOver { self.laws.broken("nothing is left to happen, and work is left") }
        if self.laws.violation == nil { self.laws.checkEnd(self.coordinator.loop) }
        self.books.fold(into: &self.trace)
        for worker in self.workers { worker.kill() }
        self.agenda.removeAll()
    }

    /// Something goes wrong now, and again later.
    private func misfortune() {
        guard self.isTrouble else { return }
        self.agenda.add(at: self.now + self.random.time(self.weather.pause)) { [unowned self] in
            guard self.isTrouble else { return }
            if let act = self.weather.act(&self.random) { self.operators.perform(act) }
            self.misfortune()
        }
    }

    private func fairWeather() {
        self.note("from here on nothing goes wrong")
        self.isTrouble = false
        self.weather = Weather()
        for relay in self.relays {
            relay.manners = self.plan.fairManners
            relay.downUntil = 0
        }
        self.coordinator.clock.wallError = self.plan.coordinatorClock.wallError
        self.coordinator.start()
        self.coordinator.goOn()
        for worker in self.workers {
            worker.heal()
            worker.isAllowed = true
            worker.goOn()
            worker.start()
        }
        let limit = self.now + self.plan.patienceMilliseconds
        self.look(until: limit)
    }

    /// Looks every second whether all is done.
    private func look(until limit: Int64) {
        self.agenda.add(at: self.now + 1_000) { [unowned self] in
            if self.operators.isEverythingOver, !self.whenOver() {
                self.isOver = true
                return
            }
            if self.now >= limit {
                let open = self.books.campaigns().map { "\($0.name) \($0.state?.rawValue ?? "?")" }
                return self.laws.broken(
                    "work is left \(self.plan.patienceMilliseconds / 1_000) s after the last trouble: \(open)"
                )
            }
            // Whoever drained and left comes back.
            for worker in self.workers { worker.start() }
            self.coordinator.start()
            self.look(until: limit)
        }
    }

    // MARK: What the parts ask

    func nextNumber() -> Int {
        self.lastNumber += 1
        return self.lastNumber
    }

    func note(_ text: @autoclosure () -> String) { self.trace.line(self.now, text()) }

    func frameDelay() -> Int64 {
        self.random.chance(self.weather.slowFrame) ? self.random.time(20...3_000) : self.random.time(0...15)
    }

    func diskDelay() -> Int64 {
        self.random.chance(self.weather.slowJournal) ? self.random.time(20...2_500) : self.random.time(0...4)
    }

    func executeSQL(_ sql: String) {
        do throws(StoreError) {
            try self.database.access { connection throws(StoreError) in try connection.execute(sql) }
        } catch {
            self.laws.broken("the database: \(error.text)")
        }
    }

    /// Asks the coordinator's loop something, on its database.
    func askLoop<Answer>(_ body: () throws -> Answer) throws -> Answer {
        let answer: Result<Answer, any Error> = try self.database.access { _ throws(StoreError) in
            Result(catching: body)
        }
        return try answer.get()
    }

    func turnTaken(_ turn: DrivenLoop.Turn, isIdle: Bool, by loop: DrivenLoop) {
        for trouble in turn.troubles { self.note("coordinator: \(trouble)") }
        for answer in turn.answers { self.note("answer: \(answer ?? "done")") }
        self.laws.turnTaken(turn, isIdle: isIdle, by: loop)
    }

    /// A whole message was read by a relay.
    func arrived(
        _ envelope: RelayDialogue.Envelope,
        taken: Bool,
        at relay: SimulatedRelay,
        from worker: WorkerHost,
        _ sent: Departure
    ) {
        self.note(
            "\(relay.name) \(taken ? "takes" : "has") \(envelope.sender) to \(envelope.recipient) of \(worker.name)"
        )
        guard let campaign = self.operators.campaign(of: envelope.sender),
            let contact = Int64(envelope.recipient.prefix { $0 != "@" }.drop { !$0.isNumber })
        else { return self.laws.broken("a message of nobody's: \(envelope)") }
        let message = WorkerWitness.Message(campaign: campaign.rawValue, contact: contact)
        self.laws.arrived(message, taken: taken, at: relay, from: worker, sent)
    }

    func person(_ contact: Int64) -> WorldPlan.Person? {
        self.plan.people.indices.contains(Int(contact) - 1) ? self.plan.people[Int(contact) - 1] : nil
    }

    func isPoison(_ contact: Int64?) -> Bool { contact.flatMap { self.person($0) }?.isPoison ?? false }

    var sites: [String] { Set(self.plan.people.map(\.site)).sorted() }
    var campaignIDs: [Campaign.ID] { self.books.campaigns().map(\.id) }
    var campaignLimits: [(id: Int64, limits: [Limit])] { self.operators.limits }
    func closes(_ campaign: Int64) -> Bool { self.operators.closes(campaign) }
    func resends(_ campaign: Int64) -> Bool { self.operators.resends(campaign) }
}
