import Domain
import Testing

@testable import Engine

private func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

/// A book with one relay, welcomed (ttl 60 s, credit 1,024), whose first credit has nonce 1 and was sent at 0.
private func makeBook(ttl: Int64 = 60_000, credit: Int = 1_024) -> LeaseBook {
    var book = LeaseBook()
    _ = book.addRelay()
    book.welcome(ttl: ttl, credit: credit)
    _ = book.offerCredit(nonce: 1, at: at(0))
    return book
}

private func offer(
    _ epoch: UInt64,
    _ count: Int,
    nonce: UInt64 = 1,
    relay: Int = 0,
    site: String = "a.example",
    slots: Int = 20,
    spread: Int64 = 0
) -> ShardOffer {
    ShardOffer(
        nonce: nonce,
        epoch: Epoch(epoch),
        relay: relay,
        site: site,
        slots: slots,
        positions: (0..<UInt32(count)).map { $0 },
        spreadMilliseconds: spread
    )
}

/// `#require` for a call that changes its value, which the macro itself does not take.
private func present<Value>(_ value: Value?) throws -> Value { try #require(value) }

@Suite("LeaseBook")
struct LeaseBookTests {
    @Test("when its recipients' hours are over a lease ends, however often it is renewed, and no last byte leaves")
    func hours() throws {
        var book = makeBook()
        var grant = offer(7, 3)
        grant.sendWithinMilliseconds = 90_000
        #expect(book.grant(grant, at: at(10)) == .held(slot: 0))
        let first = try present(book.next(relay: 0, at: at(10)))
        _ = book.tellProgress(nonce: 5, at: at(50_000))
        _ = book.renew(nonce: 5, epochs: [7])
        #expect(book.deadline(of: first) == at(90_000))
        let mayIntend = book.intend(first, at: at(89_000))
        #expect(mayIntend)
        let mayProceed = book.mayProceed(first, at: at(90_000))
        #expect(!mayProceed)
        let back = book.expire(at: at(90_000))
        #expect(back.map(\.positions) == [[1, 2]])
    }

    @Test("targets of a grant are handed out in order, each once")
    func order() throws {
        var book = makeBook()
        #expect(book.grant(offer(7, 3), at: at(10)) == .held(slot: 0))
        let handles = (0..<4).map { _ in book.next(relay: 0, at: at(10)) }
        #expect(handles.map { $0?.index } == [0, 1, 2, nil])
        let settled = try handles.map { try book.settle(present($0 ?? handles[0])) }
        #expect(settled.map { $0?.position } == [0, 1, 2, nil], "a second settle says nothing")
        #expect(settled.map { $0?.endedLease } == [false, false, true, nil])
        #expect(book.held == 0 && book.open == 0)
    }

    @Test("one that is withdrawn goes back at once while it waits, and gets no last byte while it is with a connection")
    func withdraws() throws {
        var book = makeBook()
        _ = book.grant(offer(7, 5), at: at(10))
        let first = try present(book.next(relay: 0, at: at(10)))
        let second = try present(book.next(relay: 0, at: at(10)))
        let third = try present(book.next(relay: 0, at: at(10)))
        let intended = [book.intend(first, at: at(10)), book.intend(second, at: at(10))]
        let proceeds = book.mayProceed(first, at: at(10))
        // The last byte of the first is out; the second has its intent; the third has not; the fourth waits.
        let back = (0...4).map { book.withdraw([0, 1, 2, 3, 3][$0], of: Epoch(7))?.positions }
        let stranger = book.withdraw(9, of: Epoch(7))
        #expect(intended == [true, true] && proceeds && stranger == nil)
        #expect(back == [nil, nil, nil, [3], nil])
        let goesOn = [book.mayProceed(second, at: at(10)), book.intend(third, at: at(10))]
        #expect(goesOn == [false, false])
        let last = try present(book.next(relay: 0, at: at(10)))
        let nobody = book.next(relay: 0, at: at(10))
        #expect(last.index == 4 && nobody == nil)
        for handle in [first, second, third, last] { _ = try present(book.settle(handle)) }
        #expect(book.held == 0 && book.slotByEpoch.isEmpty)
    }

    @Test("a site without a free slot does not stop another site")
    func slots() throws {
        var book = makeBook()
        _ = book.grant(offer(1, 10, site: "slow.example", slots: 2), at: at(0))
        _ = book.grant(offer(2, 3, site: "quick.example", slots: 20), at: at(0))
        var taken: [TargetHandle] = []
        while let handle = book.next(relay: 0, at: at(0)) { taken.append(handle) }
        #expect(taken.count == 5, "2 slots of one site, all 3 of the other")
        let slow = try #require(taken.first { $0.slot == 0 })
        _ = book.settle(slow)
        #expect(book.next(relay: 0, at: at(0))?.slot == 0)
        #expect(book.next(relay: 0, at: at(0)) == nil)
    }

    @Test("sites take turns")
    func turns() {
        var book = makeBook()
        _ = book.grant(offer(1, 4, site: "a.example"), at: at(0))
        _ = book.grant(offer(2, 4, site: "b.example"), at: at(0))
        let slots = (0..<8).compactMap { _ in book.next(relay: 0, at: at(0))?.slot }
        #expect(slots == [0, 1, 0, 1, 0, 1, 0, 1])
    }

    @Test("relays do not take each other's targets")
    func relays() {
        var book = makeBook()
        _ = book.addRelay()
        _ = book.grant(offer(1, 1, relay: 1), at: at(0))
        #expect(book.next(relay: 0, at: at(0)) == nil)
        #expect(book.next(relay: 1, at: at(0)) != nil)
    }

    @Test(
        "a lease runs from when its credit was sent, and the last byte is refused from the deadline on",
        arguments: [(0, 59_999, true), (0, 60_000, false), (30_000, 89_999, true), (30_000, 90_000, false)]
            as [(Int64, Int64, Bool)]
    )
    func deadline(creditSent: Int64, dot: Int64, expected: Bool) throws {
        var book = makeBook()
        _ = book.offerCredit(nonce: 2, at: at(creditSent))
        _ = book.grant(offer(1, 1, nonce: 2), at: at(creditSent + 5_000))
        let target = try present(book.next(relay: 0, at: at(creditSent + 5_000)))
        let mayJournal = book.intend(target, at: at(creditSent + 5_001))
        #expect(mayJournal)
        let mayProceed = book.mayProceed(target, at: at(dot))
        #expect(mayProceed == expected)
    }

    @Test("nothing is begun in the last second")
    func margin() {
        var book = makeBook()
        _ = book.grant(offer(1, 2), at: at(0))
        #expect(book.next(relay: 0, at: at(58_999)) != nil)
        #expect(book.next(relay: 0, at: at(59_000)) == nil)
    }

    @Test("a renewal counts from when the progress was sent, and puts a lease that was too late back in line")
    func renewal() throws {
        var book = makeBook()
        _ = book.grant(offer(1, 2), at: at(0))
        #expect(book.next(relay: 0, at: at(59_500)) == nil)
        _ = book.tellProgress(nonce: 9, at: at(30_000))
        #expect(book.renew(nonce: 9, epochs: [1]).isEmpty)
        let target = try present(book.next(relay: 0, at: at(59_500)))
        #expect(book.deadline(of: target) == at(90_000))
        #expect(book.renew(nonce: 404, epochs: [1]).isEmpty, "an answer to nothing renews nothing")
        #expect(book.deadline(of: target) == at(90_000))
    }

    @Test("a lease missing from the renewal was taken away; one granted after the progress was not")
    func missing() {
        var book = makeBook()
        _ = book.grant(offer(1, 2), at: at(0))
        _ = book.grant(offer(2, 2), at: at(0))
        _ = book.tellProgress(nonce: 9, at: at(15_000))
        _ = book.grant(offer(3, 2), at: at(15_001))
        let back = book.renew(nonce: 9, epochs: [2])
        #expect(back.map(\.epoch.rawValue) == [1])
        #expect(book.heldEpochs.map(\.rawValue).sorted() == [2, 3])
    }

    @Test("a recall hands back what waits and lets go on what is begun")
    func recall() throws {
        var book = makeBook()
        _ = book.grant(offer(5, 4), at: at(0))
        let begun = try present(book.next(relay: 0, at: at(0)))
        let back = book.recall(epochs: [5, 99])
        #expect(back == [HandedBack(epoch: Epoch(5), positions: [1, 2, 3], slot: 0, endedLease: false)])
        #expect(book.next(relay: 0, at: at(0)) == nil)
        #expect(book.intend(begun, at: at(1)) == true)
        #expect(book.mayProceed(begun, at: at(1)) == true)
        let progress = book.tellProgress(nonce: 3, at: at(30_000))
        #expect(progress == .init(epochs: [5], settled: [3], begun: [1]), "what is begun may end")
        #expect(book.renew(nonce: 3, epochs: [5]).isEmpty)
        #expect(book.deadline(of: begun) == at(90_000))
        #expect(book.next(relay: 0, at: at(30_000)) == nil)
        #expect(book.inventory() == [HeldLease(epoch: Epoch(5), running: false, begun: [0])])
    }

    @Test("what is recalled while the journal refuses goes back when it does not any more")
    func stalled() throws {
        var book = makeBook()
        _ = book.grant(offer(5, 3), at: at(0))
        _ = book.grant(offer(6, 2), at: at(0))
        _ = try present(book.next(relay: 0, at: at(0)))
        book.stall(at: at(1))
        #expect(book.recall(epochs: [5]).isEmpty)
        #expect(book.tellProgress(nonce: 3, at: at(1)) == .init(epochs: [5, 6], settled: [0, 0], begun: [3, 2]))
        #expect(book.unstall().map(\.positions) == [[1, 2]])
        #expect(book.tellProgress(nonce: 4, at: at(2)) == .init(epochs: [5, 6], settled: [2, 0], begun: [1, 0]))
    }

    @Test("a journal that refuses for long makes room for nothing, and what is not begun is given up once")
    func givenUp() throws {
        var book = makeBook()
        _ = book.grant(offer(5, 3), at: at(0))
        let open = try present(book.next(relay: 0, at: at(0)))
        _ = book.offerCredit(nonce: 7, at: at(0))
        book.stall(at: at(100))
        #expect(book.creditIsDue(at: at(100)), "the coordinator hears of it at once")
        #expect(book.offerCredit(nonce: 8, at: at(100)) == 0)
        book.stall(at: at(600))
        #expect(!book.creditIsDue(at: at(600)))
        #expect(book.giveUpOnJournal(at: at(5_099)) == false)
        #expect(book.inventory() == [HeldLease(epoch: Epoch(5), running: true, begun: [0])])
        #expect(book.giveUpOnJournal(at: at(5_100)) == true)
        #expect(book.inventory() == [HeldLease(epoch: Epoch(5), running: false, begun: [0])])
        #expect(book.giveUpOnJournal(at: at(60_000)) == false)
        // Before anything else is begun, all of it goes back.
        #expect(book.unstall().map(\.positions) == [[1, 2]])
        #expect(book.next(relay: 0, at: at(6_000)) == nil)
        #expect(book.creditIsDue(at: at(6_000)))
        #expect(book.offerCredit(nonce: 9, at: at(6_000)) > 0)
        #expect(book.intend(open, at: at(6_000)) == true)
        book.stall(at: at(7_000))
        #expect(book.giveUpOnJournal(at: at(12_000)) == false, "nothing waits")
    }

    @Test("what ran out goes back, what is open stays")
    func expiry() throws {
        var book = makeBook()
        _ = book.grant(offer(5, 3), at: at(0))
        let open = try present(book.next(relay: 0, at: at(0)))
        #expect(book.expire(at: at(59_999)).isEmpty)
        #expect(book.expire(at: at(60_000)).map(\.positions) == [[1, 2]])
        #expect(book.intend(open, at: at(60_000)) == false)
        #expect(book.settle(open)?.endedLease == true)
    }

    @Test("targets of a spread shard begin evenly over its time")
    func spread() {
        var book = makeBook()
        _ = book.grant(offer(5, 4, spread: 1_000), at: at(100))
        var begun: [Int64] = []
        for now in stride(from: Int64(100), through: 1_200, by: 10) {
            while book.next(relay: 0, at: at(now)) != nil { begun.append(now - 100) }
        }
        #expect(begun == [0, 250, 500, 750])
    }

    @Test("a spread shard does not hold up another shard of the same site")
    func spreadBeside() {
        var book = makeBook()
        _ = book.grant(offer(5, 2, spread: 10_000), at: at(0))
        _ = book.grant(offer(6, 2), at: at(0))
        #expect((0..<4).map { _ in book.next(relay: 0, at: at(0))?.slot } == [0, 1, 1, nil])
        #expect(book.nextDue == at(5_000))
    }

    @Test("what cannot be worked on is refused, what was seen before is left alone")
    func refusals() {
        var book = makeBook(credit: 4)
        #expect(book.grant(offer(1, 1, nonce: 77), at: at(0)) == .refused(.unknownNonce))
        #expect(book.grant(offer(2, 0), at: at(0)) == .refused(.wrongSize))
        #expect(book.grant(offer(3, 257), at: at(0)) == .refused(.wrongSize))
        #expect(book.grant(offer(4, 8), at: at(0)) == .held(slot: 0))
        #expect(book.grant(offer(4, 8), at: at(0)) == .repeated)
        #expect(book.grant(offer(3, 1), at: at(0)) == .repeated)
        #expect(book.grant(offer(5, 1), at: at(0)) == .refused(.noRoom))
        #expect(book.drain().map(\.positions.count) == [8])
        #expect(book.grant(offer(6, 1), at: at(0)) == .refused(.draining))
        #expect(book.next(relay: 0, at: at(0)) == nil)
    }

    @Test("a new session does not believe answers to what the last one asked")
    func newSession() {
        var book = makeBook()
        _ = book.grant(offer(1, 2), at: at(0))
        _ = book.tellProgress(nonce: 5, at: at(1))
        book.welcome(ttl: 60_000, credit: 1_024)
        #expect(book.grant(offer(2, 1), at: at(2)) == .refused(.unknownNonce))
        #expect(book.renew(nonce: 5, epochs: []).isEmpty)
        #expect(book.heldEpochs == [Epoch(1)], "leases go on through a reconnect")
        #expect(book.creditIsDue(at: at(2)) && book.progressIsDue(at: at(2)))
    }

    @Test("credit goes out when a quarter of the room became free, and every 5 s")
    func credit() throws {
        var book = makeBook(credit: 8)
        #expect(book.creditIsDue(at: at(4_999)) == false)
        #expect(book.creditIsDue(at: at(5_000)) == true)
        #expect(book.offerCredit(nonce: 2, at: at(5_000)) == 8)
        _ = book.grant(offer(1, 8, nonce: 2), at: at(5_000))
        #expect(book.creditIsDue(at: at(50_000)) == false, "no room")
        for expected in [false, true] {
            let target = try present(book.next(relay: 0, at: at(5_000)))
            _ = book.settle(target)
            #expect(book.creditIsDue(at: at(5_001)) == expected)
        }
    }

    @Test("progress goes out every quarter of the ttl while something is held")
    func progress() {
        var book = makeBook()
        #expect(book.progressIsDue(at: at(0)) == false)
        _ = book.grant(offer(3, 2), at: at(0))
        _ = book.next(relay: 0, at: at(0)).flatMap { book.settle($0) }
        #expect(book.progressIsDue(at: at(0)) == true)
        let progress = book.tellProgress(nonce: 1, at: at(0))
        #expect(progress == .init(epochs: [3], settled: [1], begun: [0]))
        #expect(book.progressIsDue(at: at(14_999)) == false)
        #expect(book.progressIsDue(at: at(15_000)) == true)
    }

    @Test("a relay that fails gives back what waits for it; a later try is given up after 5 s")
    func relayFails() {
        var book = makeBook()
        let other = book.addRelay()
        _ = book.grant(offer(1, 2), at: at(0))
        _ = book.grant(offer(2, 2, relay: other), at: at(0))
        #expect(book.relayChanged(0, available: false).map(\.epoch.rawValue) == [1])
        _ = book.grant(offer(3, 1), at: at(1_000))
        #expect(book.giveUpOnRelays(at: at(5_999)).isEmpty)
        #expect(book.giveUpOnRelays(at: at(6_000)).map(\.epoch.rawValue) == [3])
        #expect(book.relayChanged(0, available: true).isEmpty)
        _ = book.grant(offer(4, 1), at: at(7_000))
        #expect(book.giveUpOnRelays(at: at(20_000)).isEmpty)
    }

    @Test("what a connection holds counts as begun in the inventory")
    func inventory() throws {
        var book = makeBook()
        _ = book.grant(offer(1, 4), at: at(0))
        let first = try present(book.next(relay: 0, at: at(0)))
        _ = book.next(relay: 0, at: at(0))
        _ = book.settle(first)
        #expect(book.inventory() == [HeldLease(epoch: Epoch(1), running: true, begun: [1])])
    }
}
