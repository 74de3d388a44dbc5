package import Domain

/// Whether a database is where it was, and as far as it was, when it last granted.
///
/// Two things are compared: what the database says of the folder it belongs to, and a marker beside it. The marker's name holds an epoch
/// that no grant of this folder was ever above; it is put on the disk before grants up to it leave, and after the database knows of it. So a
/// database that knows less than the marker is older than its folder.
///
/// | | database | marker |
/// |---|---|---|
/// | folder copied or restored elsewhere | names another folder | is another file than it says |
/// | database restored alone | behind the marker | ahead |
/// | folder overwritten by an older copy, newer files left | behind the marker | ahead |
/// | folder overwritten, newer files removed | | is another file than it says, or is missing |
package enum PlaceCheck {
    /// What the database knows.
    package struct Stored: Hashable, Sendable {
        /// A coordinator ran on it before.
        package var hasStarted: Bool
        /// Where it belongs; `nil` when no program that knew of places ran on it.
        package var place: PlaceIdentity?
        /// No grant is above it.
        package var reserved: Epoch
        /// There was a marker beside it once.
        package var hadMarker: Bool

        package init(hasStarted: Bool, place: PlaceIdentity?, reserved: Epoch, hadMarker: Bool) {
            self.hasStarted = hasStarted
            self.place = place
            self.reserved = reserved
            self.hadMarker = hadMarker
        }
    }

    /// What is there.
    package struct Found: Hashable, Sendable {
        package var place: PlaceIdentity
        package var marker: Marker?

        package init(place: PlaceIdentity, marker: Marker?) {
            self.place = place
            self.marker = marker
        }
    }

    /// The marker with the highest epoch.
    package struct Marker: Hashable, Sendable {
        package var epoch: Epoch
        /// It is the very file that it was written as, not a copy of it.
        package var isOriginal: Bool

        package init(epoch: Epoch, isOriginal: Bool) {
            self.epoch = epoch
            self.isOriginal = isOriginal
        }
    }

    /// What a data folder is found to be.
    package enum Finding: Hashable, Sendable {
        /// Everything is as it was.
        case fits
        /// A new database, or one that never knew its place: it belongs here from now on.
        case adopt
        /// One sentence on why nothing may be sent.
        case restored(String)
    }

    /// Compares what the database says of its place with the place it is in.
    package static func finding(stored: Stored, found: Found) -> Finding {
        // A new database has nothing to send, whatever lies beside it.
        guard stored.hasStarted else { return .adopt }
        if let marker = found.marker, marker.epoch > stored.reserved {
            return .restored("the database is older than what was sent from its folder: it was restored from a backup")
        }
        guard let place = stored.place else { return .adopt }
        guard place.isSameMachine(as: found.place) else {
            return .restored("the data folder comes from another machine: it was copied, or restored from a backup")
        }
        guard place.isSame(as: found.place) else {
            return .restored(
                "the database belongs to another folder than this one, which was \(place.path): "
                    + "it was copied, or restored from a backup"
            )
        }
        guard stored.hadMarker else { return .fits }
        guard let marker = found.marker else {
            return .restored(
                "the file \(Self.markerName(of: stored.reserved)), or one like it, is gone from the data folder"
            )
        }
        guard marker.isOriginal else {
            return .restored("the data folder was written over: it was restored from a backup")
        }
        return .fits
    }

    /// Name of the marker for an epoch: sorted by name, the highest is the last.
    package static func markerName(of epoch: Epoch) -> String {
        let digits = String(epoch.rawValue, radix: 16)
        return Self.markerPrefix + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The epoch in a marker's name; `nil` for any other file.
    package static func epoch(ofMarker name: String) -> Epoch? {
        guard name.hasPrefix(Self.markerPrefix), name.utf8.count == Self.markerPrefix.utf8.count + 16 else {
            return nil
        }
        return UInt64(name.dropFirst(Self.markerPrefix.count), radix: 16).map { Epoch($0) }
    }

    private static let markerPrefix = "epoch-"
}
