import Testing

@testable import CoordinatorCore

@Suite("What a worker may have under way at once of one queue")
struct QueueUseTests {
    @Test("a lower number counts once what was granted before it is over, also when more is granted meanwhile")
    func lowered() {
        var use = QueueUse()
        use.grant(10, slots: 4)
        for _ in 0..<9 {
            use.grant(1, slots: 2)
            use.settle(1)
            #expect(use.slots == 4)
        }
        use.grant(1, slots: 2)
        use.settle(1)
        #expect(use.slots == 2 && use.open == 10)
    }

    @Test("a number that is lowered again counts from then on")
    func loweredAgain() {
        var use = QueueUse()
        use.grant(2, slots: 4)
        use.grant(2, slots: 3)
        use.settle(1)
        use.grant(1, slots: 1)
        use.settle(2)
        #expect(use.slots == 4)
        use.settle(1)
        #expect(use.slots == 1)
        use.grant(1, slots: 2)
        #expect(use.slots == 2)
    }

    @Test("what is handed back is not what was under way")
    func handedBack() {
        var use = QueueUse()
        use.grant(10, slots: 4)
        use.grant(10, slots: 2)
        use.handBack(15)
        #expect(use.slots == 4 && use.open == 5)
        use.settle(5)
        #expect(use.slots == 2 && use.open == 0)
    }
}
