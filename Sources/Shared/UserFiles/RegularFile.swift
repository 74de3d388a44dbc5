import Domain
import Glibc

/// Reads small regular files; never a device, a pipe, or more than was asked for.
enum RegularFile {
    /// Why a file was not read, as a sentence without the file's name.
    struct Failure: Error {
        let message: String
    }

    /// What the file must be.
    struct Demand {
        /// Larger files are refused.
        var bytesMax: Int
        /// Refuses a file that its group or others may read or write.
        var isPrivate = false
    }

    /// The bytes of the file at `path`; symbolic links are followed, as they are the user's own.
    static func read(_ path: String, _ demand: Demand) throws(Failure) -> [UInt8] {
        // O_NONBLOCK: opening a named pipe would otherwise wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(message: Self.reason(errno)) }
        defer { close(descriptor) }
        return try Self.read(descriptor, demand)
    }

    /// The bytes of a file inside `folder`, following no symbolic link on the way.
    ///
    /// The name is relative and without `..`, which ``CampaignSource`` checked.
    static func read(_ name: String, inside folder: String, _ demand: Demand) throws(Failure) -> [UInt8] {
        var current = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard current >= 0 else { throw Failure(message: Self.reason(errno)) }
        defer { close(current) }
        let parts = name.split(separator: "/")
        for (index, part) in parts.enumerated() {
            let kind = index == parts.count - 1 ? O_NONBLOCK : O_DIRECTORY
            let next = openat(current, String(part), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | kind)
            guard next >= 0 else {
                let code = errno
                throw Failure(message: code == ELOOP ? "is a symbolic link" : Self.reason(code))
            }
            close(current)
            current = next
        }
        return try Self.read(current, demand)
    }

    private static func read(_ descriptor: CInt, _ demand: Demand) throws(Failure) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(message: Self.reason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(message: "is no regular file") }
        if demand.isPrivate, status.st_mode & 0o077 != 0 {
            throw Failure(message: "may be read by others; make it private with chmod 600")
        }
        var bytes: [UInt8] = []
        // One byte more than allowed tells a file that is too large, also one that grows meanwhile.
        let room = demand.bytesMax + 1
        while bytes.count < room {
            var chunk = [UInt8](repeating: 0, count: min(65_536, room - bytes.count))
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(message: Self.reason(errno))
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        throw Failure(message: "has more than \(demand.bytesMax) bytes")
    }

    private static func reason(_ code: CInt) -> String {
        switch code {
        case ENOENT: "does not exist"
        case EACCES: "may not be read by this user"
        case ENOTDIR: "is not in a folder"
        default: "cannot be read: \(String(cString: strerror(code)))"
        }
    }
}

/// Paths as text: nothing here touches the disk, except for the current folder.
enum Paths {
    /// `path` as seen from `folder`, unless it is absolute.
    static func resolve(_ path: String, from folder: String) -> String {
        guard !path.hasPrefix("/") else { return Self.tidy(path) }
        return Self.tidy("\(folder)/\(path)")
    }

    /// `path` from the current folder.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return Self.tidy(path) }
        guard let buffer = getcwd(nil, 0) else { return path }
        defer { free(buffer) }
        return Self.tidy("\(String(cString: buffer))/\(path)")
    }

    /// The folder of an absolute path.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// Takes out single dots and doubled slashes.
    ///
    /// Double dots stay, since they mean something else behind a symbolic link.
    private static func tidy(_ path: String) -> String {
        "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
