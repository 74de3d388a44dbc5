import Domain
import Engine
import Testing

@Suite("Timer heap")
struct TimerHeapTests {
    @Test("values come out in order of time", arguments: [0, 1, 2, 3, 10, 1_000])
    func order(count: Int) {
        var random = SplitMix64(UInt64(count))
        let times = (0..<count).map { _ in Int64.random(in: 0..<500, using: &random) }
        var heap = TimerHeap<Int>()
        for (index, time) in times.enumerated() { heap.insert(index, at: Instant(milliseconds: time)) }
        #expect(heap.count == count)
        var out: [Int64] = []
        var values: Set<Int> = []
        while let first = heap.first {
            out.append(first.time.milliseconds)
            values.insert(first.value)
            heap.removeFirst()
        }
        #expect(out == times.sorted())
        #expect(values.count == count)
        heap.removeFirst()
        #expect(heap.count == 0)
    }
}
