import Domain

/// How often things go wrong, in thousandths of the occasions unless it says otherwise; fair weather has none of it.
struct Weather {
    // Chances at every turn, commit and frame.
    var coordinatorDiesBefore = 0
    var coordinatorDiesAfter = 0
    var commitFails = 0
    var slowDisk = 0
    var journalFails = 0
    var slowJournal = 0
    var slowFrame = 0
    var duplicateFrame = 0
    /// How long after its end at the worker a connection may still deliver, in milliseconds.
    var lateMilliseconds: Int64 = 20
    /// Of such connections, how many deliver what was on its way only then, in thousandths.
    var lateFrames = 0

    /// What happens now and then, each with its weight.
    var acts: [(act: Act, weight: Int)] = []
    /// Milliseconds between two of them.
    var pause: ClosedRange<Int64> = 1_000...4_000

    enum Act: CaseIterable {
        case killCoordinator
        case pauseCoordinator
        case jumpWall
        case killWorker
        case losePower
        case loseJournal
        case pauseWorker
        case drainWorker
        case removeWorker
        case partition
        case partitionOneWay
        case resetLink
        case relayDown
        case pauseCampaign
        case resumeCampaign
        case cancelCampaign
        case nextCampaign
        case suppress
        case retryTargets
        case resolveDoubts
    }

    /// The weather of one seed: some kinds of trouble, each sometimes heavy, so that seeds differ in kind.
    static func drawn(_ random: inout SplitMix64) -> Weather {
        var weather = Weather()
        func some(_ most: Int) -> Int { random.chance(450) ? random.number(1..<most + 1) : 0 }
        weather.coordinatorDiesBefore = some(15)
        weather.coordinatorDiesAfter = some(15)
        weather.commitFails = some(40)
        weather.slowDisk = some(60)
        weather.journalFails = some(60)
        weather.slowJournal = some(150)
        weather.slowFrame = some(150)
        weather.duplicateFrame = some(100)
        weather.lateMilliseconds = random.chance(300) ? 3_000 : 20
        weather.lateFrames = weather.lateMilliseconds > 20 ? 500 : 0
        for act in Act.allCases where random.chance(450) {
            let isRare = act == .cancelCampaign || act == .loseJournal || act == .removeWorker
            weather.acts.append((act, isRare ? 1 : random.number(1..<5)))
        }
        if random.chance(700), !weather.acts.contains(where: { $0.act == .nextCampaign }) {
            weather.acts.append((.nextCampaign, 2))
        }
        weather.pause = random.pick([200...1_500, 1_000...4_000, 3_000...9_000])
        return weather
    }

    mutating func act(_ random: inout SplitMix64) -> Act? {
        let sum = self.acts.reduce(0) { $0 + $1.weight }
        guard sum > 0 else { return nil }
        var left = random.number(0..<sum)
        for (act, weight) in self.acts {
            if left < weight { return act }
            left -= weight
        }
        return nil
    }
}

extension SimulatedRelay.Manners {
    static func drawn(_ random: inout SplitMix64) -> Self {
        var manners = Self()
        func some(_ most: Int) -> Int { random.chance(400) ? random.number(1..<most + 1) : 0 }
        manners.refusesConnection = some(300)
        manners.busyGreeting = some(100)
        manners.dropsAnywhere = some(30)
        manners.closes421 = some(30)
        manners.refusesSender = some(60)
        manners.defersRecipient = some(150)
        manners.bouncesRecipient = some(100)
        manners.refusesData = some(60)
        manners.defersMessage = some(200)
        manners.bouncesMessage = some(80)
        manners.dropsAfterDotUntaken = some(60)
        manners.dropsAfterDotTaken = some(60)
        manners.closesAfterReply = some(100)
        manners.isSlow = some(80)
        manners.slowMilliseconds = random.pick([3_000, 20_000, 90_000])
        return manners
    }
}
