import Glibc
import Transport

/// The two files that make a worker on another machine: its settings and its key.
struct WorkerBundle {
    let name: String
    /// Where that machine reaches the coordinator.
    let coordinator: String
    let coordinatorKey: PublicKey
    let keys: CurveKeyPair

    var settingsFile: String { "\(self.name).yaml" }
    var keyFile: String { "\(self.name).key" }

    /// Text of ``settingsFile``.
    var settingsText: String {
        """
        # Settings of the Postrider worker \(self.name). Copy this file and \(self.keyFile) to its machine and run there:
        #   postrider-worker --config \(self.settingsFile)
        data_dir: ./\(self.name)-data

        worker:
          name: \(self.name)
          coordinator: \(self.coordinator)
          coordinator_key: '\(self.coordinatorKey.text)'
          key_file: \(self.keyFile)
          connections: 32

        """
    }

    /// Writes both files into the current folder; neither may exist.
    func write() throws(Failure) {
        do {
            try KeyFile.write(self.keys, to: self.keyFile)
        } catch {
            throw Failure(.failed, error.message)
        }
        var isWritten = false
        defer { if !isWritten { unlink(self.keyFile) } }
        isWritten = try NewFile.write(Array(self.settingsText.utf8), to: self.settingsFile, mode: 0o644)
        guard isWritten else { throw Failure(.failed, "\(self.settingsFile) exists already and is left as it is") }
    }

    /// Takes both files away again, for a worker that the coordinator did not take.
    func remove() {
        unlink(self.keyFile)
        unlink(self.settingsFile)
    }
}
