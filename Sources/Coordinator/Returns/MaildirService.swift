import Bounces
import Domain
import Foundation
import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import Telemetry

/// Reads returned mail that the mail server puts into a Maildir folder.
///
/// A mail is in `new/` until what it says is committed; then it is deleted, since it names a person. What tells nothing moves to `cur/` as
/// seen (`:2,S`), and what is refused as flagged, too (`:2,FS`), for somebody to look at. A process that dies in between reads a mail
/// again, and what it says is known by then. Writers make mails in `tmp/`, so those in `new/` are whole. What cannot be read stays, is tried
/// with each look, and is told of once.
final class MaildirService: Service {
    private let folder: String
    private let pollMilliseconds: Int64
    private let desk: ReturnDesk
    /// Files that cannot be read, and whether that stands in the log.
    private let unreadable = Mutex<[String: Bool]>([:])

    /// Mails of one look; the rest come with the next, at once.
    static let mailsPerLook = 256
    /// Unreadable files that are remembered: of more it is told each minute.
    private static let unreadableMax = 1_000

    /// - Parameters:
    ///   - folder: Of the Maildir, with `new` and `cur` in it.
    ///   - pollMilliseconds: Between two looks.
    ///   - desk: Where mails go.
    init(folder: String, pollMilliseconds: Int64, desk: ReturnDesk) {
        self.folder = folder
        self.pollMilliseconds = pollMilliseconds
        self.desk = desk
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let isFull = await self.look()
                if !isFull { try? await Task.sleep(for: .milliseconds(self.pollMilliseconds)) }
            }
        }
    }

    /// Takes what is there.
    ///
    /// - Returns: Whether there may be more at once.
    func look() async -> Bool {
        var taken = 0
        for name in self.names() {
            guard taken < Self.mailsPerLook else { return true }
            guard !Task.isCancelled else { return false }
            guard let mail = self.read(name) else { continue }
            taken += 1
            switch await self.desk.take(mail, envelope: nil) {
            case .taken:
                CrashPoint.reach(.m01Returned)
                self.delete(name)
            case .ignored: self.move(name, flags: "S")
            case .refused: self.move(name, flags: "FS")
            case .later: return false
            }
        }
        return false
    }

    /// Oldest first, as their names begin with the time.
    private func names() -> [String] {
        let all: [String]
        do {
            all = try FileManager.default.contentsOfDirectory(atPath: "\(self.folder)/new")
        } catch {
            self.desk.record.trouble(
                "the folder of returned mails cannot be read",
                [.file: .string("\(self.folder)/new")]
            )
            return []
        }
        let names = all.filter { !$0.hasPrefix(".") }.sorted()
        self.unreadable.withLock { known in
            guard !known.isEmpty else { return }
            let there = Set(names)
            known = known.filter { there.contains($0.key) }
        }
        return names
    }

    /// The beginning of a regular file; anything else is left alone.
    private func read(_ name: String) -> [UInt8]? {
        let path = "\(self.folder)/new/\(name)"
        let type = (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
        guard type == .typeRegular else { return self.complain(name, "it is no regular file") }
        // A named pipe that took its place meanwhile would be waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return self.complain(name, String(cString: strerror(errno))) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            let mail = Array(try handle.read(upToCount: ReturnedMail.bytesMax) ?? Data())
            self.unreadable.withLock { _ = $0.removeValue(forKey: name) }
            return mail
        } catch {
            // It stays where it is: a disk that cannot be read now must not make a bounce look like nothing.
            return self.complain(name, error.localizedDescription)
        }
    }

    private func complain(_ name: String, _ problem: String) -> [UInt8]? {
        let known = self.unreadable.withLock { $0[name] }
        guard known != true else { return nil }
        let isSaid = self.desk.record.trouble(
            "a file among returned mails cannot be read",
            [.file: .string(name), .error: .string(problem)],
            isNew: known == nil
        )
        self.unreadable.withLock { unreadable in
            guard known != nil || unreadable.count < Self.unreadableMax else { return }
            unreadable[name] = isSaid
        }
        return nil
    }

    private func delete(_ name: String) {
        guard unlink("\(self.folder)/new/\(name)") != 0 else { return }
        self.complainOfFolder(name, "deleted")
    }

    private func move(_ name: String, flags: String) {
        let base = name.split(separator: ":").first ?? Substring(name)
        guard rename("\(self.folder)/new/\(name)", "\(self.folder)/cur/\(base):2,\(flags)") != 0 else { return }
        self.complainOfFolder(name, "moved to cur/")
    }

    private func complainOfFolder(_ name: String, _ verb: String) {
        let problem = String(cString: strerror(errno))
        self.desk.record.trouble(
            "a returned mail cannot be \(verb), and will be read again",
            [.file: .string(name), .error: .string(problem)]
        )
    }
}
