package import Domain

/// Targets that were in the hands of workers which died, and the search for the one that brings workers down.
///
/// What a worker had begun when it died is in doubt or has its outcome: the last byte of a message leaves after the message was made.
/// So whatever kills a worker while a message is made is among the targets that it held and had not begun.
///
///     free --held by a worker that died--> suspect --held so again--> apart, as a group
///     group --died--> its first target alone, the rest in two halves, each a group
///     alone --died twice--> poison
///     any of them --outcome, or the campaign is over--> free
///
/// Groups are granted to workers that have nothing else, one open message at a time. A worker that takes targets in their order has
/// found the culprit with the first group: it is the first that was not begun. For one that does not, halving finds it all the same.
/// A healthy target is only called poison when four workers died with it in hand, the last two with nothing else.
package struct Quarantine: Sendable {
    /// Targets of one lane that are granted together, to a worker that has nothing else.
    package struct Group: Hashable, Sendable {
        package let campaign: Campaign.ID
        package let lane: Int
        /// Ascending.
        package let positions: [Int]

        package init(campaign: Campaign.ID, lane: Int, positions: [Int]) {
            self.campaign = campaign
            self.lane = lane
            self.positions = positions
        }
    }

    /// What is to become of a target whose holder died.
    package enum Verdict: Hashable, Sendable {
        /// It may be granted as before.
        case free
        /// It waits here, for a worker of its own.
        case apart
        /// It brought down every worker that had it.
        case poison
    }

    private struct Suspect: Sendable {
        var deaths = 0
        /// Deaths of workers that had nothing else.
        var deathsAlone = 0
    }

    /// Deaths of workers that had nothing but this target after which it is called poison: one may be chance.
    package static let deathsAloneMax = 2
    /// Deaths after which a target is granted apart: most workers die of something else.
    package static let deathsFreeMax = 1
    /// Suspects that are remembered; each is a target that a dead worker held, so more come together only when a cluster dies again
    /// and again, and then it is not one target's doing.
    package static let suspectsMax = 65_536

    private var suspects: [TargetKey: Suspect] = [:]
    private var waiting: [Group] = []

    package init() {}

    package var isEmpty: Bool { self.suspects.isEmpty }
    package var hasWaiting: Bool { !self.waiting.isEmpty }
    package var waitingCount: Int { self.waiting.reduce(0) { $0 + $1.positions.count } }

    /// A worker died that held these targets of one lease and had not begun them.
    ///
    /// - Parameters:
    ///   - held: The lease's campaign and lane, with those targets.
    ///   - wasApart: The lease was all that the worker had.
    /// - Returns: A verdict for each of `held.positions`; those to be granted apart stand in line here.
    package mutating func died(holding held: Group, wasApart: Bool) -> [Verdict] {
        let isAlone = wasApart && held.positions.count == 1
        var apart: [Int] = []
        let verdicts = held.positions.map { position -> Verdict in
            let key = TargetKey(campaign: held.campaign, lane: held.lane, position: position)
            guard self.suspects[key] != nil || self.suspects.count < Self.suspectsMax else { return .free }
            var suspect = self.suspects[key] ?? Suspect()
            suspect.deaths += 1
            if isAlone { suspect.deathsAlone += 1 }
            guard suspect.deathsAlone < Self.deathsAloneMax else {
                self.suspects[key] = nil
                return .poison
            }
            self.suspects[key] = suspect
            guard wasApart || suspect.deaths > Self.deathsFreeMax else { return .free }
            apart.append(position)
            return .apart
        }
        for part in wasApart ? Self.split(apart) : [apart] where !part.isEmpty {
            self.waiting.append(Group(campaign: held.campaign, lane: held.lane, positions: part))
        }
        return verdicts
    }

    /// The first one alone, the rest in two halves.
    private static func split(_ positions: [Int]) -> [[Int]] {
        let rest = positions.dropFirst()
        let middle = rest.startIndex + (rest.count + 1) / 2
        return [Array(positions.prefix(1)), Array(rest[..<middle]), Array(rest[middle...])]
    }

    /// A target has an outcome: it is suspected no longer.
    package mutating func settled(_ key: TargetKey) { self.suspects[key] = nil }

    /// A campaign is over.
    package mutating func forget(_ campaign: Campaign.ID) {
        self.suspects = self.suspects.filter { $0.key.campaign != campaign }
        self.waiting.removeAll { $0.campaign == campaign }
    }

    /// Whether a group waits that fits.
    package func contains(where fits: (Group) -> Bool) -> Bool { self.waiting.contains(where: fits) }

    /// Takes the first group that can be granted now.
    package mutating func next(where isReady: (Group) -> Bool) -> Group? {
        guard let index = self.waiting.firstIndex(where: isReady) else { return nil }
        return self.waiting.remove(at: index)
    }

    /// Puts a group, or what could not be granted of it, back in line.
    package mutating func putBack(_ group: Group) {
        guard !group.positions.isEmpty else { return }
        self.waiting.insert(group, at: 0)
    }
}
