/// Keys of the `meta` table.
enum MetaKey {
    /// Starts of the coordinator on this database.
    static let incarnation = "incarnation"
    /// What the loop's clock showed last.
    static let clock = "clock"
    /// Names of workers that are drained, with blanks between.
    static let drained = "drained_workers"
    /// Secret from which Message-ID keys are derived: four numbers in hexadecimal, joined with hyphens, used as text.
    static let messageIDKey = "message_id_key"
    /// Fingerprint of the key that suppressed addresses are hashed with.
    static let addressKey = "address_key"
    /// Fingerprint of the key that links to unsubscribe are made with.
    static let unsubscribeKey = "unsubscribe_key"
    /// The folder that the database belongs to.
    static let place = "place"
    /// No grant is above this epoch.
    static let reserved = "epochs_reserved"
    /// There was a marker once.
    static let hadMarker = "had_marker"
    /// Why nothing is sent; there only while that is so.
    static let restored = "restored"
    /// Epochs below may have been granted by a database that is lost.
    static let lostBelow = "lost_below"
}
