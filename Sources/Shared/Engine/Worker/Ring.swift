/// A first-in, first-out queue in one array: O(1) at both ends, no allocation once it has grown.
///
/// Room doubles when it is full and is never given back; whoever uses one bounds what it holds.
package struct Ring<Element> {
    private var storage: [Element?]
    private var head = 0
    package private(set) var count = 0

    package init() { self.storage = Array(repeating: nil, count: 16) }

    package var isEmpty: Bool { self.count == 0 }

    package var first: Element? { self.count == 0 ? nil : self.storage[self.head] }

    /// Adds at the end.
    package mutating func append(_ element: Element) {
        if self.count == self.storage.count { self.grow() }
        self.storage[(self.head + self.count) & (self.storage.count - 1)] = element
        self.count += 1
    }

    /// Takes from the front; `nil` when nothing is there.
    package mutating func popFirst() -> Element? {
        guard self.count > 0 else { return nil }
        let element = self.storage[self.head]
        self.storage[self.head] = nil
        self.head = (self.head + 1) & (self.storage.count - 1)
        self.count -= 1
        return element
    }

    /// - Parameter index: 0 is the first; less than ``count``.
    package subscript(index: Int) -> Element? {
        precondition(index >= 0 && index < self.count, "index \(index) of \(self.count)")
        return self.storage[(self.head + index) & (self.storage.count - 1)]
    }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(self.storage.count * 2)
        for index in 0..<self.count { larger.append(self[index]) }
        larger.append(contentsOf: repeatElement(nil, count: self.storage.count * 2 - self.count))
        self.storage = larger
        self.head = 0
    }
}
