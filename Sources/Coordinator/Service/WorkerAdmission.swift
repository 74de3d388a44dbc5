import Synchronization
import Transport

/// Who may connect as a worker: the allow-list in its file and in the authenticator, changed together.
final class WorkerAdmission: Sendable {
    private let path: String
    private let authenticator: Authenticator
    /// One change at a time, so that file and authenticator stay the same.
    private let changing = Mutex<Void>(())

    init(path: String, authenticator: Authenticator) {
        self.path = path
        self.authenticator = authenticator
    }

    /// Names on the list.
    var names: [String] { self.authenticator.allowList.workerNames }

    /// Reads the file again, after SIGHUP.
    func reload() throws(TransportError) {
        try self.change { () throws(TransportError) in try AllowList.read(self.path) }
    }

    /// Whether a worker could be added now.
    ///
    /// - Throws: ``OperationError/conflict(_:)``.
    func check(_ name: String, key: String) throws {
        do throws(TransportError) {
            _ = try self.authenticator.allowList.adding(name, try PublicKey(text: key))
        } catch {
            throw OperationError.conflict(error.message)
        }
    }

    func add(_ name: String, key: String) throws {
        do throws(TransportError) {
            try self.change { () throws(TransportError) in
                let list = try AllowList.read(self.path).adding(name, try PublicKey(text: key))
                try list.write(to: self.path)
                return list
            }
        } catch {
            throw OperationError.conflict(error.message)
        }
    }

    func remove(_ name: String) throws {
        do throws(TransportError) {
            try self.change { () throws(TransportError) in
                let list = try AllowList.read(self.path)
                guard list.key(of: name) != nil else {
                    throw TransportError(.allowList, "there is no worker '\(name)' on the list")
                }
                let shorter = list.removing(name)
                try shorter.write(to: self.path)
                return shorter
            }
        } catch {
            throw OperationError.notFound(error.message)
        }
    }

    private func change(_ body: () throws(TransportError) -> AllowList) throws(TransportError) {
        let result = self.changing.withLock { _ -> Result<Void, TransportError> in
            do throws(TransportError) {
                self.authenticator.replaceAllowList(try body())
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
