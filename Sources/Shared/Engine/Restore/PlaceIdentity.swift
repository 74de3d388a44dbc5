/// What tells a file or folder from a copy of it.
package struct FileIdentity: Hashable, Sendable {
    /// Its number on its file system.
    package let inode: UInt64
    /// When it was made, in nanoseconds since 1970; 0 when the file system does not know.
    package let birth: Int64

    package init(inode: UInt64, birth: Int64) {
        self.inode = inode
        self.birth = birth
    }

    /// Whether both are the same file, wherever it was moved to on its file system.
    ///
    /// A number is given out again once its file is gone; the time of making cannot be copied. Where that is not known, the number has
    /// to do.
    package func isSame(as other: Self) -> Bool {
        self.birth > 0 && other.birth > 0 ? self.birth == other.birth : self.inode == other.inode
    }

    /// `inode birth`, as it is stored.
    package var text: String { "\(self.inode) \(self.birth)" }

    /// Reads ``text``.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let inode = UInt64(parts[0]), let birth = Int64(parts[1]) else { return nil }
        self.init(inode: inode, birth: birth)
    }
}

/// Where a data folder is: on which machine, and which folder there.
package struct PlaceIdentity: Hashable, Sendable {
    /// The machine's id; empty where it has none, as in many containers.
    package let machine: String
    package let folder: FileIdentity
    /// Absolute; for people, and where the file system does not know when a folder was made.
    package let path: String

    package init(machine: String, folder: FileIdentity, path: String) {
        self.machine = machine
        self.folder = folder
        self.path = path
    }

    /// `machine inode birth path`, as it is stored; a machine without an id is `-`.
    package var text: String { "\(self.machine.isEmpty ? "-" : self.machine) \(self.folder.text) \(self.path)" }

    /// Reads ``text``.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: " ", maxSplits: 3)
        guard parts.count == 4, let folder = FileIdentity("\(parts[1]) \(parts[2])") else { return nil }
        self.init(machine: parts[0] == "-" ? "" : String(parts[0]), folder: folder, path: String(parts[3]))
    }

    /// Whether a folder with this identity is the one that `other` describes.
    ///
    /// A machine without an id could be any. A folder that was renamed is the same folder: there is no second one.
    func isSame(as other: Self) -> Bool {
        guard self.isSameMachine(as: other), self.folder.isSame(as: other.folder) else { return false }
        return self.folder.birth > 0 && other.folder.birth > 0 || self.path == other.path
    }

    func isSameMachine(as other: Self) -> Bool {
        self.machine.isEmpty || other.machine.isEmpty || self.machine == other.machine
    }
}
