import Domain
import Engine
import Logging
import Storage
import Telemetry
import Wire

/// The state `restored`: the database is a copy, or older than what was sent, so nothing is granted until somebody says so.
///
/// What workers report is recorded meanwhile; what they want to do next is not believed, since leases may have ended, and their targets
/// been granted to others, in the time that the database does not know.
extension LoopCore {
    /// Says the plain truth, and what to do.
    var restoredText: String? {
        self.restored.map { "\($0); nothing is sent until `postrider accept-restore`" }
    }

    /// Compares the database with where it lies, and begins a new incarnation.
    func beginIncarnation() throws(StoreError) {
        let incarnation = try self.connection.transaction { () throws(StoreError) -> UInt32 in
            let last = try self.stores.cluster.meta(MetaKey.incarnation).flatMap { UInt32($0) }
            var next = (last ?? 0) + 1
            if let found = self.options.place {
                let stored = try PlaceCheck.Stored(self.stores.cluster, hasStarted: last != nil)
                switch PlaceCheck.finding(stored: stored, found: found) {
                case .fits: try self.stores.cluster.setMeta(MetaKey.place, found.place.text)
                case .adopt:
                    try self.stores.cluster.setMeta(MetaKey.place, found.place.text)
                    // A new database beside what an old one left: workers may remember that one's epochs.
                    if let marker = found.marker { next = max(next, marker.epoch.incarnation + 1) }
                case .restored(let reason):
                    if try self.stores.cluster.meta(MetaKey.restored) == nil {
                        try self.stores.cluster.setMeta(MetaKey.restored, reason)
                    }
                }
            }
            try self.stores.cluster.setMeta(MetaKey.incarnation, String(next))
            try self.bringSuspectsForward()
            return next
        }
        self.epoch = Epoch(incarnation: incarnation, counter: 0)
        self.committedEpoch = self.epoch
        // Sessions of an earlier incarnation must not look like ours.
        self.lastSession = UInt64(incarnation) << 32
    }

    /// Which targets may bring workers down, only the process that ended knew: nobody would grant them before their time.
    private func bringSuspectsForward() throws(StoreError) {
        let apart = self.wall.advanced(byMilliseconds: LoopLimits.apartMillisecondsMax)
        for campaign in try self.stores.campaigns.active() {
            try self.stores.targets.bringForward(campaign: campaign.id, to: self.wall, until: apart)
        }
    }

    /// Reads what a restore left in the database.
    func reloadRestore() throws(StoreError) {
        self.restored = try self.stores.cluster.meta(MetaKey.restored)
        self.lostBelow = Epoch(try self.stores.cluster.meta(MetaKey.lostBelow).flatMap { UInt64($0) } ?? 0)
        // A jump may have been committed although that failed.
        self.epoch = max(self.epoch, self.lostBelow)
        self.hadMarker = try self.stores.cluster.meta(MetaKey.hadMarker) != nil
    }

    /// Makes room for the first grants; once, at the start.
    func reserveFirst() throws(StoreError) {
        guard let text = self.restoredText else {
            self.epochReserve.beginTurn(at: self.epoch)
            try self.connection.transaction { () throws(StoreError) in try self.reserveMore() }
            self.writeMarker()
            return
        }
        self.log(LoopNote(.error, .restored, text))
    }

    /// The database says how far grants may go; in a turn's transaction.
    func reserveMore() throws(StoreError) {
        guard self.restored == nil, let wanted = self.epochReserve.extend(from: self.epoch) else { return }
        try self.stores.cluster.setMeta(MetaKey.reserved, String(wanted.rawValue))
    }

    /// Moves the marker to where the database, which is committed, says.
    func writeMarker() {
        guard let wanted = self.epochReserve.pending else { return }
        do throws(StoreError) {
            try self.options.writeMarker(wanted)
            self.epochReserve.wasWritten(wanted)
            guard !self.hadMarker else { return }
            try self.connection.transaction { () throws(StoreError) in
                try self.stores.cluster.setMeta(MetaKey.hadMarker, "1")
            }
            self.hadMarker = true
        } catch {
            self.log(
                LoopNote(
                    .error,
                    .storage,
                    "nothing more is granted, since the epoch file cannot be written: \(error.text)"
                )
            )
        }
    }

    /// The last thing before the database is closed: a copy that was made before is behind from now on.
    func closeEpochs() throws(StoreError) {
        guard self.restored == nil, self.options.place != nil else { return }
        self.epochReserve.beginTurn(at: self.epoch)
        let last = self.epochReserve.reserve(Epoch(self.epochReserve.onDisk.rawValue + 1))
        try self.connection.transaction { () throws(StoreError) in
            try self.stores.cluster.setMeta(MetaKey.reserved, String(last.rawValue))
        }
        self.writeMarker()
    }

    // What workers know.

    /// Takes note of epochs that a worker names, and stops granting when the database does not know one of them.
    ///
    /// - Returns: `false` when no coordinator can have granted them.
    func checkEpochs(_ epochs: some Sequence<UInt64>, of worker: String) throws(StoreError) -> Bool {
        for value in epochs where value > 0 {
            let epoch = Epoch(value)
            // Beyond it there would be no room above; it takes tens of thousands of restores to come here.
            guard epoch.incarnation <= Self.incarnationMax else { return false }
            self.highestTold = max(self.highestTold, epoch)
            guard self.restored == nil, epoch > self.lostBelow, try self.stores.shards.shard(epoch) == nil else {
                continue
            }
            if try self.stores.campaigns.all().isEmpty {
                // Nothing here can have been sent: the worker remembers another database.
                try self.jump()
            } else {
                try self.enterRestored(
                    "worker \(worker) was granted work that this database does not know: it is older"
                )
            }
        }
        return true
    }

    /// Highest incarnation that a worker may name.
    static let incarnationMax: UInt32 = 0x7FFF_FFFF
    /// How far the incarnation jumps over what may have been lost.
    static let incarnationJump: UInt32 = 65_536

    /// Stops granting, in the midst of a turn.
    private func enterRestored(_ reason: String) throws(StoreError) {
        try self.save()
        try self.stores.cluster.setMeta(MetaKey.restored, reason)
        let held = Dictionary(grouping: self.leases.all, by: \.holder)
        for (holder, leases) in held.sorted(by: { $0.key < $1.key }) {
            guard let session = self.session(of: holder) else { continue }
            self.say(.recall(filled(WireRecall()) { $0.epoch = leases.map(\.epoch.rawValue).sorted() }), to: session)
        }
        try self.reload()
        self.quarantine = Quarantine()
        for session in self.sessions.values { session.forgetOpen() }
        if let text = self.restoredText { self.log(LoopNote(.error, .restored, text)) }
    }

    /// Begins an incarnation that is above everything that may have been granted.
    private func jump() throws(StoreError) {
        let marker = self.options.place?.marker?.epoch.incarnation ?? 0
        let highest = max(self.epoch.incarnation, self.highestTold.incarnation, marker)
        let next = highest <= UInt32.max - Self.incarnationJump ? highest + Self.incarnationJump : UInt32.max
        self.epoch = Epoch(incarnation: next, counter: 0)
        self.lostBelow = self.epoch
        // What was jumped over was not granted in this turn.
        self.epochReserve.beginTurn(at: self.epoch)
        try self.stores.cluster.setMeta(MetaKey.incarnation, String(next))
        try self.stores.cluster.setMeta(MetaKey.lostBelow, String(self.epoch.rawValue))
    }

    // What an administrator says.

    /// What is held up, and what accepting it would put in doubt.
    func restoreStatus() throws(StoreError) -> RestoreStatus {
        RestoreStatus(
            restored: self.restored != nil,
            reason: self.restored,
            campaigns: self.restored == nil ? [] : try self.doubtful()
        )
    }

    private func doubtful() throws(StoreError) -> [RestoreStatus.Campaign] {
        try self.stores.campaigns.active().map { record throws(StoreError) in
            let lanes = try self.stores.lanes.lanes(of: record.id)
            let settled = lanes.reduce(0) { $0 + $1.counts.sum - $1.counts.deferred }
            return RestoreStatus.Campaign(
                id: record.id.publicID,
                name: record.name,
                state: record.state,
                targets: lanes.reduce(0) { $0 + $1.audience } - settled
            )
        }
    }

    /// Takes the database for what there is: everything that may have been granted since is in doubt, and sending goes on.
    ///
    /// Campaigns that were at work get a pass over their targets before they are granted again; those that were approved and had not
    /// started need another approval. Asked twice is answered as once.
    func acceptRestore(by who: String) throws(StoreError) -> RestoreStatus {
        guard let reason = self.restored else { return try self.restoreStatus() }
        var answer = RestoreStatus(restored: false, reason: reason, campaigns: try self.doubtful())
        try self.save()
        try self.stores.cluster.removeMeta(MetaKey.restored)
        if let place = self.options.place?.place { try self.stores.cluster.setMeta(MetaKey.place, place.text) }
        try self.jump()
        try self.stores.shards.closeAll()
        for var record in try self.stores.campaigns.active() {
            record.sweep = CampaignSweep(.doubt)
            try self.stores.campaigns.save(record)
        }
        for var record in try self.stores.campaigns.all() where record.state == .approved {
            record.state = .submitted
            record.approvedBy = nil
            record.approvedAt = nil
            record.approvedDigest = nil
            try self.stores.campaigns.save(record)
            answer.campaigns.append(
                RestoreStatus.Campaign(id: record.id.publicID, name: record.name, state: .submitted, targets: 0)
            )
        }
        try self.audit("accept_restore", on: "data", by: who)
        try self.reload()
        let targets = answer.campaigns.reduce(0) { $0 + $1.targets }
        self.log(
            LoopNote(.warning, .restored, "\(who) accepted a restore (\(reason)): \(targets) targets are in doubt")
        )
        return answer
    }
}

extension PlaceCheck.Stored {
    /// What the database knows of its place.
    init(_ cluster: ClusterStore, hasStarted: Bool) throws(StoreError) {
        self.init(
            hasStarted: hasStarted,
            place: try cluster.meta(MetaKey.place).flatMap { PlaceIdentity($0) },
            reserved: Epoch(try cluster.meta(MetaKey.reserved).flatMap { UInt64($0) } ?? 0),
            hadMarker: try cluster.meta(MetaKey.hadMarker) != nil
        )
    }
}
