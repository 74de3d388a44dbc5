import CFileBirth
import Domain
import Engine
import Foundation
import Storage

/// The data folder as a place: which one it is, and the marker beside the database.
///
/// The marker's name is a promise: no grant of this folder was ever above the epoch in its name. Its text says which file it is, so that a
/// copy of it is known for one.
struct DataPlace: Sendable {
    let folder: String
    /// What was there at the start.
    let found: PlaceCheck.Found

    /// - Throws: ``StoreError/io(_:)`` when the folder or its marker cannot be read.
    init(folder: String) throws(StoreError) {
        self.folder = URL(fileURLWithPath: folder).standardizedFileURL.path
        self.found = PlaceCheck.Found(
            place: PlaceIdentity(
                machine: Self.machineID(),
                folder: try Self.identity(of: self.folder, "the data folder"),
                path: self.folder
            ),
            marker: try Self.marker(in: self.folder)
        )
    }

    /// Puts a marker for this epoch on the disk, in place of the one before.
    ///
    /// A new name and a new file each time: a copy of the folder that is laid over it later leaves this one standing.
    func writeMarker(_ epoch: Epoch) throws(StoreError) {
        let name = PlaceCheck.markerName(of: epoch)
        let partial = "\(self.folder)/marker.new"
        unlink(partial)
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure(partial) }
        defer { close(descriptor) }
        guard let identity = Self.identity(of: descriptor) else { throw Self.failure(partial) }
        let bytes = Array("\(identity.text)\n\(Self.explanation)".utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
            rename(partial, "\(self.folder)/\(name)") == 0
        else { throw Self.failure(partial) }
        try self.syncFolder()
        for old in try Self.markers(in: self.folder) where old != name { unlink("\(self.folder)/\(old)") }
    }

    private static let explanation = """
        Postrider has granted nothing above the number in this file's name. A backup is recognised by it: leave it as it is.

        """

    private func syncFolder() throws(StoreError) {
        let descriptor = open(self.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(self.folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure(self.folder) }
    }

    // Reading.

    private static func markers(in folder: String) throws(StoreError) -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            // Never for a folder without a marker: that would stop all sending until somebody accepted a restore.
            throw .io("the data folder \(folder) cannot be listed: \(error.localizedDescription)")
        }
        return names.filter { PlaceCheck.epoch(ofMarker: $0) != nil }.sorted()
    }

    private static func marker(in folder: String) throws(StoreError) -> PlaceCheck.Marker? {
        guard let name = try Self.markers(in: folder).last, let epoch = PlaceCheck.epoch(ofMarker: name) else {
            return nil
        }
        let path = "\(folder)/\(name)"
        let actual = try Self.identity(of: path, "the epoch file")
        let text =
            FileManager.default.contents(atPath: path).map { String(decoding: $0.prefix(256), as: UTF8.self) } ?? ""
        let written = text.split(separator: "\n").first.flatMap { FileIdentity($0) }
        return PlaceCheck.Marker(epoch: epoch, isOriginal: written?.isSame(as: actual) ?? false)
    }

    private static func identity(of path: String, _ what: String) throws(StoreError) -> FileIdentity {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("\(what) \(path)") }
        defer { close(descriptor) }
        guard let identity = Self.identity(of: descriptor) else { throw Self.failure("\(what) \(path)") }
        return identity
    }

    private static func identity(of descriptor: Int32) -> FileIdentity? {
        var birth = file_birth()
        guard read_file_birth(descriptor, &birth) else { return nil }
        return FileIdentity(inode: birth.inode, birth: birth.nanoseconds)
    }

    /// Of systemd or D-Bus: 32 hexadecimal digits.
    ///
    /// Images of containers have none, or all the same.
    private static func machineID() -> String {
        for path in ["/etc/machine-id", "/var/lib/dbus/machine-id"] {
            let text =
                FileManager.default.contents(atPath: path).map { String(decoding: $0.prefix(64), as: UTF8.self) } ?? ""
            let id = text.prefix { $0 != "\n" }
            if id.utf8.count == 32, id.allSatisfy(\.isHexDigit) { return String(id) }
        }
        return ""
    }

    private static func failure(_ what: String) -> StoreError {
        let problem = String(cString: strerror(errno))
        return errno == ENOSPC || errno == EDQUOT ? .full("\(what): \(problem)") : .io("\(what): \(problem)")
    }
}
