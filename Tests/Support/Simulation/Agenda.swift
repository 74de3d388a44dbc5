/// What is to happen, by time; at the same time in the order in which it was added.
struct Agenda {
    private var heap: [(time: Int64, number: UInt64, body: () -> Void)] = []
    private var added: UInt64 = 0

    var nextTime: Int64? { self.heap.first?.time }

    mutating func add(at time: Int64, _ body: @escaping () -> Void) {
        self.added += 1
        self.heap.append((time, self.added, body))
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.isBefore(child, parent) else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> (time: Int64, body: () -> Void)? {
        guard let first = self.heap.first, let last = self.heap.popLast() else { return nil }
        guard !self.heap.isEmpty else { return (first.time, first.body) }
        self.heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.heap.count && self.isBefore(child, least) {
                least = child
            }
            guard least != parent else { return (first.time, first.body) }
            self.heap.swapAt(parent, least)
            parent = least
        }
    }

    mutating func removeAll() { self.heap.removeAll() }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (self.heap[left].time, self.heap[left].number) < (self.heap[right].time, self.heap[right].number)
    }
}
