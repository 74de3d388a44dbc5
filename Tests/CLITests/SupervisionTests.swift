import Foundation
import Testing

@testable import CLI

@Suite("The children of postrider up")
struct SupervisionTests {
    private func running(workers: Int) -> Supervision {
        var supervision = Supervision(workers: workers)
        for case .start(let child) in supervision.begin() { _ = supervision.started(child, atSeconds: 0) }
        return supervision
    }

    @Test("the coordinator is started first, then the workers")
    func begin() {
        var supervision = Supervision(workers: 2)
        #expect(supervision.begin() == [.start(.coordinator), .start(.worker(1)), .start(.worker(2))])
        #expect(Supervision.Child.worker(2).name == "local-2")
    }

    @Test("a child that keeps ending is started after 1 s, doubling to 30 s")
    func delays() {
        var supervision = self.running(workers: 1)
        var seconds: [Int] = []
        for moment in 0..<8 {
            guard case .startLater(_, let delay) = supervision.ended(.worker(1), atSeconds: Double(moment)).first else {
                Issue.record("a child that ended is started again")
                return
            }
            seconds.append(delay)
            #expect(supervision.restartDue(.worker(1)) == [.start(.worker(1))])
            _ = supervision.started(.worker(1), atSeconds: Double(moment))
        }
        #expect(seconds == [1, 2, 4, 8, 16, 30, 30, 30])
        // A good run makes up for it.
        #expect(supervision.ended(.worker(1), atSeconds: 100) == [.startLater(.worker(1), seconds: 1)])
    }

    @Test("workers end first, the coordinator after the last of them")
    func order() {
        var supervision = self.running(workers: 2)
        #expect(supervision.stopRequested() == [.terminate(.worker(1)), .terminate(.worker(2))])
        #expect(supervision.ended(.worker(2), atSeconds: 1) == [])
        #expect(supervision.ended(.worker(1), atSeconds: 1) == [.terminate(.coordinator)])
        #expect(supervision.ended(.coordinator, atSeconds: 2) == [.finish(wasKilled: false)])
    }

    @Test("a coordinator that ends by itself while workers end is not started again")
    func coordinatorFirst() {
        var supervision = self.running(workers: 1)
        _ = supervision.stopRequested()
        #expect(supervision.ended(.coordinator, atSeconds: 1) == [])
        #expect(supervision.restartDue(.coordinator) == [])
        #expect(supervision.ended(.worker(1), atSeconds: 1) == [.finish(wasKilled: false)])
    }

    @Test("without a worker running the coordinator ends at once")
    func noWorker() {
        var supervision = self.running(workers: 1)
        _ = supervision.ended(.worker(1), atSeconds: 1)
        #expect(supervision.stopRequested() == [.terminate(.coordinator)])
        #expect(supervision.restartDue(.worker(1)) == [])
    }

    @Test("a coordinator that refuses to start ends all; one that has answered is started again")
    func refusal() {
        var supervision = self.running(workers: 2)
        #expect(
            supervision.ended(.coordinator, atSeconds: 1, isRefusal: true)
                == [.terminate(.worker(1)), .terminate(.worker(2))]
        )
        #expect(supervision.wasRefused)
        #expect(supervision.ended(.worker(1), atSeconds: 2) == [])
        #expect(supervision.ended(.worker(2), atSeconds: 2) == [.finish(wasKilled: false)])

        var other = self.running(workers: 1)
        // Killed before it answered.
        #expect(other.ended(.coordinator, atSeconds: 1) == [.startLater(.coordinator, seconds: 1)])
        _ = other.restartDue(.coordinator)
        _ = other.started(.coordinator, atSeconds: 2)
        other.coordinatorAnswered()
        #expect(
            other.ended(.coordinator, atSeconds: 3, isRefusal: true) == [.startLater(.coordinator, seconds: 2)]
        )
        #expect(!other.wasRefused)
    }

    @Test("a data folder in use is named with its holder, and is free again after it")
    func folderInUse() async throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        // No coordinator was ever here.
        try await FolderLock.waitUntilFree(folder.path, seconds: 0) { _ in Issue.record("nobody has it") }
        let path = try folder.write(FolderLock.coordinatorFile, "process 4711")
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        var holders: [String] = []
        let failure = await #expect(throws: Failure.self) {
            try await FolderLock.waitUntilFree(folder.path, seconds: 0.2) { holders.append($0) }
        }
        #expect(failure?.message.contains("process 4711; stop it first") == true)
        #expect(holders == ["process 4711"])
        close(descriptor)
        // A program that another test starts at this moment has the file, too, until it is what it will be.
        try await FolderLock.waitUntilFree(folder.path, seconds: 60) { _ in }

        let first = try FolderLock(folder: folder.path)
        let second = #expect(throws: Failure.self) { try FolderLock(folder: folder.path) }
        #expect(second?.message.contains("process \(getpid())") == true)
        withExtendedLifetime(first) {}
    }

    @Test("with nobody running an end is an end")
    func nobody() {
        var supervision = self.running(workers: 1)
        _ = supervision.ended(.worker(1), atSeconds: 1)
        _ = supervision.ended(.coordinator, atSeconds: 1)
        #expect(supervision.stopRequested() == [.finish(wasKilled: false)])
    }

    @Test("who takes too long is killed, workers and then everybody")
    func tooLong() {
        var supervision = self.running(workers: 1)
        _ = supervision.stopRequested()
        #expect(supervision.workersTookTooLong() == [.terminate(.coordinator)])
        #expect(supervision.ended(.coordinator, atSeconds: 32) == [])
        #expect(supervision.tookTooLong() == [.kill(.worker(1))])
        #expect(supervision.ended(.worker(1), atSeconds: 35) == [.finish(wasKilled: true)])
    }

    @Test("a second Ctrl-C kills at once")
    func impatient() {
        var supervision = self.running(workers: 1)
        _ = supervision.stopRequested()
        #expect(supervision.stopRequested() == [.kill(.coordinator), .kill(.worker(1))])
    }

    @Test("a child that comes up after the stop was asked for is ended too")
    func lateStart() {
        var supervision = Supervision(workers: 1)
        _ = supervision.begin()
        _ = supervision.started(.coordinator, atSeconds: 0)
        _ = supervision.stopRequested()
        #expect(supervision.started(.worker(1), atSeconds: 1) == [.terminate(.worker(1))])
    }
}
