/// How much was forgotten because it was kept long enough.
package struct RetentionTally: Hashable, Sendable {
    package var contacts = 0
    package var replies = 0
    package var events = 0
    package var rejectFiles = 0

    package init(contacts: Int = 0, replies: Int = 0, events: Int = 0, rejectFiles: Int = 0) {
        self.contacts = contacts
        self.replies = replies
        self.events = events
        self.rejectFiles = rejectFiles
    }

    /// As ``code`` made it; nothing when it is anything else.
    init(code: String) {
        self.init()
        let numbers = code.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 4 else { return }
        (self.contacts, self.replies, self.events, self.rejectFiles) = (numbers[0], numbers[1], numbers[2], numbers[3])
    }

    var code: String { "\(self.contacts) \(self.replies) \(self.events) \(self.rejectFiles)" }

    package var isEmpty: Bool { self == RetentionTally() }

    /// For the audit and the log.
    package var text: String {
        "\(self.contacts) contacts, \(self.replies) replies, \(self.events) events, \(self.rejectFiles) reject files"
    }

    package static func + (left: Self, right: Self) -> Self {
        Self(
            contacts: left.contacts + right.contacts,
            replies: left.replies + right.replies,
            events: left.events + right.events,
            rejectFiles: left.rejectFiles + right.rejectFiles
        )
    }
}
