import Domain
import Foundation
import Glibc
import Logging
import Synchronization
import Telemetry
import Testing

@testable import CoordinatorCore

@Suite("Returned mail in a Maildir folder")
struct MaildirTests {
    /// What was logged, as `problem file count`.
    private final class Told: Sendable {
        let lines = Mutex<[String]>([])
    }

    private struct Handler: LogHandler {
        let told: Told
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let words = ["problem", "file", "count"].compactMap { event.metadata?[$0].map { "\($0)" } }
            self.told.lines.withLock { $0.append(words.joined(separator: " ")) }
        }
    }

    /// A folder, a service that looks at it, and what became of the mails.
    private final class World: Sendable {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString)")
        let told = Told()
        let reports = Mutex<[ReturnReport]>([])
        /// Whether what comes back can be committed.
        let isOpen = Mutex(true)
        private let held = Mutex<MaildirService?>(nil)

        init() throws {
            for name in ["new", "cur", "tmp"] {
                try FileManager.default.createDirectory(
                    at: self.folder.appendingPathComponent(name),
                    withIntermediateDirectories: true
                )
            }
            self.restart()
        }

        deinit { try? FileManager.default.removeItem(at: self.folder) }

        func restart() {
            let told = self.told
            let logger = Logger(label: "test", factory: { _ in Handler(told: told) })
            let record = ReturnRecord(metrics: MetricsRegistry(), logger: logger)
            let notice = ReturnedNotice(scan: ReturnSample.scan)
            let desk = ReturnDesk(notice: notice, record: record, logger: logger) { [weak self] report in
                guard let self, self.isOpen.withLock({ $0 }) else {
                    throw OperationError.unavailable("the disk is full")
                }
                self.reports.withLock { $0.append(report) }
                return .noted
            }
            let service = MaildirService(folder: self.folder.path, pollMilliseconds: 1_000, desk: desk)
            self.held.withLock { $0 = service }
        }

        func look() async throws { _ = await (try #require(self.held.withLock { $0 })).look() }

        func path(_ name: String) -> String { self.folder.appendingPathComponent("new/\(name)").path }

        func put(_ name: String, position: Int = 0) throws {
            let target = TargetKey(campaign: Campaign.ID(7), lane: 2, position: position)
            let mail = ReturnSample.dsn(to: ReturnSample.address(target), status: "5.1.1", id: name)
            try Data(mail).write(to: URL(fileURLWithPath: self.path(name)))
        }

        var new: [String] {
            get throws { try FileManager.default.contentsOfDirectory(atPath: self.path("")).sorted() }
        }

        var unreadable: [String] {
            self.told.lines.withLock { lines in lines.filter { $0.hasPrefix("a file among returned mails") } }
        }
    }

    /// Things named like a mail that cannot be read as one, by whoever runs this.
    enum Obstacle: String, CaseIterable {
        case folder, pipe, link, socket

        func put(at path: String) throws {
            switch self {
            case .folder: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            case .pipe: try #require(mkfifo(path, 0o600) == 0)
            case .link: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/zero")
            case .socket: try #require(mknod(path, S_IFSOCK | 0o600, 0) == 0)
            }
        }
    }

    @Test(
        "what is no regular file stays, is told of once, and keeps no mail from being taken",
        arguments: Obstacle.allCases
    )
    func obstacles(obstacle: Obstacle) async throws {
        let world = try World()
        try obstacle.put(at: world.path("1.odd"))
        try world.put("2.mail")
        for _ in 0..<3 { try await world.look() }
        #expect(try world.new == ["1.odd"])
        #expect(world.reports.withLock { $0.count } == 1)
        #expect(world.unreadable == ["a file among returned mails cannot be read 1.odd 1"])
        // It is another one when it comes again, and the log has no more than one line a minute.
        try FileManager.default.removeItem(atPath: world.path("1.odd"))
        try await world.look()
        #expect(try world.new == [])
    }

    @Test("a mail that the system does not let us read stays, is told of once, and is taken once it can be read")
    func refused() async throws {
        let world = try World()
        try world.put("1.mail", position: 1)
        try world.put("2.mail", position: 2)
        // Root reads everything, except what another holds a lease on; breaking the lease is told by a signal.
        _ = signal(SIGIO, SIG_IGN)
        let holder = open(world.path("1.mail"), O_RDWR | O_CLOEXEC)
        try #require(holder >= 0)
        let setLease: Int32 = 1_024
        guard fcntl(holder, setLease, F_WRLCK) == 0 else {
            _ = close(holder)
            print("skipped: this file system has no leases, so nothing can be made unreadable for root")
            return
        }
        for _ in 0..<3 { try await world.look() }
        #expect(try world.new == ["1.mail"])
        #expect(world.reports.withLock { $0.map(\.target.position) } == [2])
        #expect(world.unreadable == ["a file among returned mails cannot be read 1.mail 1"])
        _ = close(holder)
        try await world.look()
        #expect(try world.new == [])
        #expect(world.reports.withLock { $0.map(\.target.position) } == [2, 1])
    }

    @Test("several that cannot be read are counted once each, and told of one a minute")
    func several() async throws {
        let world = try World()
        for number in 1...3 { try Obstacle.folder.put(at: world.path("\(number).odd")) }
        for _ in 0..<3 { try await world.look() }
        #expect(world.unreadable == ["a file among returned mails cannot be read 1.odd 1"])
        // Another process knows nothing of it and tells it again.
        world.restart()
        try await world.look()
        #expect(world.unreadable.count == 2)
    }

    @Test("a mail stays while what it says cannot be committed, and nothing behind it is taken")
    func later() async throws {
        let world = try World()
        for number in 1...2 { try world.put("\(number).mail", position: number) }
        world.isOpen.withLock { $0 = false }
        try await world.look()
        #expect(try world.new == ["1.mail", "2.mail"])
        world.isOpen.withLock { $0 = true }
        try await world.look()
        #expect(try world.new == [])
        #expect(world.reports.withLock { $0.map(\.target.position) } == [1, 2])
    }
}
