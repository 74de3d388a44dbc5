import Domain

/// `retention`: how long what is known of people is kept.
///
/// What is not named is kept until somebody is erased.
package struct RetentionSettings: Hashable, Sendable {
    /// `retention.replies`: what relays said of a message, and the details of what came back; the outcome stays.
    package var repliesMilliseconds: Int64?
    /// `retention.rejects`: files of rejected rows.
    package var rejectsMilliseconds: Int64?
    /// `retention.contacts`: contacts on no list, with no basis for being written to, since they were last changed or written to.
    package var contactsMilliseconds: Int64?

    /// Everything is kept.
    package static let keep = RetentionSettings()

    package init() {}

    private static let day: Int64 = 86_400_000

    static func read(_ keys: KeyReader) -> RetentionSettings {
        let set = KeySet(known: ["replies", "rejects", "contacts"])
        let group = KeyReader(
            keys.node("retention"),
            path: keys.path(of: "retention"),
            reading: keys.reading,
            keys: set
        )
        func period(_ key: String) -> Int64? {
            group.value(key, default: nil, allowed: "from 1d to 36500d, as \(DurationText.grammar)") { text in
                guard let value = DurationText.milliseconds(text), (Self.day...36_500 * Self.day).contains(value) else {
                    return nil
                }
                return .some(value)
            }
        }
        var settings = RetentionSettings()
        settings.repliesMilliseconds = period("replies")
        settings.rejectsMilliseconds = period("rejects")
        settings.contactsMilliseconds = period("contacts")
        return settings
    }
}
