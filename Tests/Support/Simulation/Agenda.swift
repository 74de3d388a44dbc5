/// Something that is to happen, or not: exactly one of both is called.
struct Happening {
    // A struct around closures, so that moving it through generic code wraps nothing around them.
    let body: () -> Void
    var cancelled: () -> Void = {}
}

/// What is to happen, by time; at the same time in the order in which it was added.
struct Agenda {
    private struct Entry {
        let time: Int64
        let number: UInt64
        let happening: Happening
    }

    private var heap: [Entry] = []
    private var added: UInt64 = 0

    var nextTime: Int64? { self.heap.first?.time }

    mutating func add(at time: Int64, _ body: @escaping () -> Void) { self.add(at: time, Happening(body: body)) }

    mutating func add(at time: Int64, _ happening: Happening) {
        self.added += 1
        self.heap.append(Entry(time: time, number: self.added, happening: happening))
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.isBefore(child, parent) else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the next thing out, which is due at ``nextTime``.
    mutating func popFirst() -> Happening? {
        guard let first = self.heap.first, let last = self.heap.popLast() else { return nil }
        guard !self.heap.isEmpty else { return first.happening }
        self.heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.heap.count && self.isBefore(child, least) {
                least = child
            }
            guard least != parent else { return first.happening }
            self.heap.swapAt(parent, least)
            parent = least
        }
    }

    /// Nothing of it will happen.
    mutating func removeAll() {
        let heap = self.heap
        self.heap.removeAll()
        for entry in heap { entry.happening.cancelled() }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (self.heap[left].time, self.heap[left].number) < (self.heap[right].time, self.heap[right].number)
    }
}
