import ArgumentParser
import Glibc

/// Runs `postrider sample-contacts`.
struct SampleContactsCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "sample-contacts",
        abstract: "Writes a list of people who do not exist, to try things with: the same for the same seed.",
        discussion: HelpText.with(examples: "postrider sample-contacts --count 10000 --out voters.csv")
    )

    /// Row numbers have eight digits.
    static let countMax = 99_999_999
    /// Rows made between two writes: about a megabyte.
    private static let rowsPerWrite = 10_000

    @Option(help: ArgumentHelp("How many rows.", valueName: "n"))
    var count = 1_000

    @Option(help: ArgumentHelp("Another seed, other people.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Where to; stdout for - and by default.", valueName: "file"), completion: .file())
    var out: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard (1...Self.countMax).contains(self.count) else {
            throw ValidationError("--count \(self.count) is not allowed; allowed: 1 to \(Self.countMax).")
        }
    }

    func run(in surroundings: Surroundings) async throws {
        guard let out, out != "-" else {
            try self.write { surroundings.terminal.bytes($0) }
            return
        }
        let descriptor = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(out) }
        defer { close(descriptor) }
        try self.write { (bytes) throws(Failure) in
            guard writeAll(bytes, to: descriptor) else { throw Self.failure(out) }
        }
        if surroundings.isJSON {
            try surroundings.show(Result(file: out, rows: self.count))
        } else {
            surroundings.terminal.line("\(NumberText.grouped(self.count)) rows in \(out)")
        }
    }

    private struct Result: Encodable {
        let file: String
        let rows: Int
    }

    private func write(_ receive: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
        var sample = SampleContacts(seed: self.seed, count: self.count)
        var buffer: [UInt8] = []
        while sample.write(rowsMax: Self.rowsPerWrite, into: &buffer) {
            try receive(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(.failed, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
