import Domain
import Testing

@testable import Engine

private func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

private func facts(_ count: Int, epoch: UInt64 = 1, fate: Fate = .accepted) -> [TargetFact] {
    (0..<UInt32(count)).map {
        TargetFact(epoch: Epoch(epoch), position: $0, fate: fate, at: Timestamp(milliseconds: 0))
    }
}

@Suite("ReportBook")
struct ReportBookTests {
    @Test("the first report goes at once; the next waits for size or age, or for an acknowledgement and a moment")
    func rhythm() {
        var book = ReportBook()
        book.committed(facts(1), number: 1, at: at(0))
        #expect(book.nextReport(at: at(0))?.number == 1)
        #expect(book.nextReport(at: at(0)) == nil)
        book.committed(facts(2), number: 2, at: at(5))
        #expect(book.nextReport(at: at(24)) == nil)
        #expect(book.nextReport(at: at(25))?.number == 2, "20 ms old")
        book.committed(facts(512), number: 3, at: at(26))
        #expect(book.nextReport(at: at(26))?.facts.count == 512, "large enough")
        book.committed(facts(1), number: 4, at: at(27))
        book.acknowledge(3, at: at(28))
        #expect(book.nextReport(at: at(45)) == nil, "the last one went out just now")
        #expect(book.nextReport(at: at(46))?.number == 4, "nothing under way")
        book.acknowledge(4, at: at(47))
        #expect(book.isEmpty && book.factCount == 0)
    }

    @Test("a report is whole rows, and stops at the first that fills it")
    func size() {
        var book = ReportBook()
        for number in UInt64(1)...4 { book.committed(facts(300), number: number, at: at(0)) }
        #expect(book.nextReport(at: at(0)).map { [Int($0.number), $0.facts.count] } == [2, 600])
        #expect(book.nextReport(at: at(0)).map { [Int($0.number), $0.facts.count] } == [4, 600])
        #expect(book.nextReport(at: at(0)) == nil)
    }

    @Test("all is told again in a new session, and after 5 s without an answer")
    func again() {
        var book = ReportBook()
        book.committed(facts(1), number: 1, at: at(0))
        _ = book.nextReport(at: at(0))
        book.tellAgain()
        #expect(book.nextReport(at: at(1))?.number == 1)
        #expect(book.nextReport(at: at(5_000)) == nil)
        #expect(book.nextReport(at: at(5_001))?.number == 1)
    }

    @Test("an acknowledgement covers rows that were not sent in this session")
    func lateAcknowledgement() {
        var book = ReportBook()
        for number in UInt64(1)...3 { book.committed(facts(2), number: number, at: at(0)) }
        book.acknowledge(2, at: at(1))
        #expect(book.factCount == 2)
        #expect(book.nextReport(at: at(1))?.number == 3)
    }

    @Test("a row of intents alone has nothing to report")
    func intentsOnly() {
        var book = ReportBook()
        book.committed([], number: 1, at: at(0))
        #expect(book.isEmpty && book.nextReport(at: at(100)) == nil)
    }

    @Test("Hello lists each lease once, with what was begun; what was handed back was not")
    func inventory() {
        var inventory = HelloInventory()
        inventory.add(HeldLease(epoch: Epoch(9), running: true, begun: [5, 4]))
        for fact in facts(2, epoch: 9) + facts(1, epoch: 3, fate: .inDoubt) + facts(2, epoch: 2, fate: .returned) {
            inventory.add(fact)
        }
        #expect(
            inventory.leases == [
                HeldLease(epoch: Epoch(2), running: false, begun: []),
                HeldLease(epoch: Epoch(3), running: false, begun: [0]),
                HeldLease(epoch: Epoch(9), running: true, begun: [0, 1, 4, 5]),
            ]
        )
    }
}

@Suite("LinkSession")
struct LinkSessionTests {
    @Test("Hello is said on connecting, every 5 s until welcomed, and when the session is unknown")
    func greeting() {
        var link = LinkSession()
        #expect(link.shouldGreet(at: at(0)) == false)
        link.connected()
        #expect(link.shouldGreet(at: at(0)) == true)
        #expect(link.shouldGreet(at: at(4_999)) == false)
        #expect(link.shouldGreet(at: at(5_000)) == true)
        #expect(link.welcomed(session: 3, sequence: 1) == true)
        #expect(link.shouldGreet(at: at(99_000)) == false)
        link.sessionUnknown()
        #expect(link.session == nil)
        #expect(link.shouldGreet(at: at(99_000)) == true)
        link.sessionUnknown()
        #expect(link.shouldGreet(at: at(99_001)) == false, "a second complaint about the same does not repeat Hello")
        link.disconnected()
        #expect(link.shouldGreet(at: at(200_000)) == false)
    }

    @Test("frames of another session and repeated frames are not accepted")
    func frames() {
        var link = LinkSession()
        #expect(link.welcomed(session: 3, sequence: 1) == false, "not connected")
        link.connected()
        #expect(link.accepts(session: 3, sequence: 1) == false)
        #expect(link.welcomed(session: 0, sequence: 1) == false)
        #expect(link.welcomed(session: 3, sequence: 1) == true)
        #expect(link.welcomed(session: 3, sequence: 2) == false, "the same session does not begin twice")
        #expect(link.accepts(session: 3, sequence: 1) == false)
        #expect(link.accepts(session: 3, sequence: 2) == true)
        #expect(link.accepts(session: 3, sequence: 2) == false)
        #expect(link.accepts(session: 2, sequence: 5) == false)
        #expect(link.welcomed(session: 4, sequence: 1) == false, "it answers a Hello of before")
        #expect(link.accepts(session: 3, sequence: 3) == true)
        link.sessionUnknown()
        #expect(link.welcomed(session: 4, sequence: 1) == true)
        #expect(link.accepts(session: 4, sequence: 2) == true)
    }
}
