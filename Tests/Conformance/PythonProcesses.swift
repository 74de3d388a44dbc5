import Foundation
import Transport

/// `python_worker.py` as a child process.
final class PythonWorker {
    /// An interpreter that has what `requirements.txt` names.
    static let python = ProcessInfo.processInfo.environment["POSTRIDER_PYTHON"]
    static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    /// Keys and journal: what a worker keeps from one run to the next.
    let folder: URL
    private let process = Process()

    init(_ coordinator: ScriptedCoordinator, folder: URL? = nil) throws {
        self.folder =
            folder ?? FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString)")
        if folder == nil {
            try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
            try KeyFile.write(coordinator.workerKeys, to: self.folder.appendingPathComponent("worker.key").path)
            try Self.generateMessages(into: self.folder)
        }
        self.process.executableURL = URL(fileURLWithPath: Self.python ?? "python3")
        self.process.arguments = [
            "-B", Self.scripts.appendingPathComponent("python_worker.py").path,
            "--coordinator", coordinator.router.endpoint.text,
            // One word: a key may begin with a hyphen, and would be taken for an option.
            "--coordinator-key=\(coordinator.keys.publicKey.text)",
            "--key", self.folder.appendingPathComponent("worker.key").path,
            "--journal", self.folder.appendingPathComponent("journal").path,
            "--wire", self.folder.path,
        ]
        try self.process.run()
    }

    /// SIGTERM: hand back, report, say goodbye.
    func terminate() { self.process.terminate() }

    func kill() {
        _ = Foundation.kill(self.process.processIdentifier, SIGKILL)
        self.process.waitUntilExit()
    }

    func waitForExit() -> Int32 {
        self.process.waitUntilExit()
        return self.process.terminationStatus
    }

    /// Ends it in any case, and what it kept.
    func stop() {
        if self.process.isRunning { self.kill() }
        try? FileManager.default.removeItem(at: self.folder)
    }

    /// `worker_pb2.py`, made from the schema as it is now.
    private static func generateMessages(into folder: URL) throws {
        let wire = Self.scripts.appendingPathComponent("../../Sources/Shared/Wire").standardizedFileURL.path
        let protoc = Process()
        protoc.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        protoc.arguments = ["protoc", "-I", wire, "--python_out=\(folder.path)", "worker.proto"]
        try protoc.run()
        protoc.waitUntilExit()
        guard protoc.terminationStatus == 0 else { throw ConformanceFailure(message: "protoc failed") }
    }
}

/// `relay.py` as a child process.
final class PythonRelay {
    struct Message: Decodable {
        let from: String
        let to: String
        let data: String
    }

    let port: Int
    private let process = Process()
    private let output = Pipe()

    init() throws {
        self.process.executableURL = URL(fileURLWithPath: PythonWorker.python ?? "python3")
        self.process.arguments = ["-B", PythonWorker.scripts.appendingPathComponent("relay.py").path]
        self.process.standardOutput = self.output
        try self.process.run()
        guard let port = Int(Self.line(self.output)) else { throw ConformanceFailure(message: "no relay") }
        self.port = port
    }

    /// The next message that the relay took; the suite's time limit bounds the wait.
    func nextMessage() throws -> Message {
        try JSONDecoder().decode(Message.self, from: Data(Self.line(self.output).utf8))
    }

    func stop() {
        // Not SIGTERM: a child inherits that it is blocked here.
        _ = Foundation.kill(self.process.processIdentifier, SIGKILL)
        self.process.waitUntilExit()
    }

    private static func line(_ pipe: Pipe) -> String {
        var bytes: [UInt8] = []
        while let byte = try? pipe.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
