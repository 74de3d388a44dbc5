import Domain
import Engine
import Logging
import Storage
import Telemetry

/// Workers, and all at a glance.
extension CoordinatorOperations {
    func top() async throws -> TopAnswer {
        let allowed = self.admission.names
        return try await self.loop.ask { try $0.top(allowed: allowed) }
    }

    func workers() async throws -> [WorkerStatus] {
        let allowed = self.admission.names
        return try await self.loop.ask { try $0.workers(allowed: allowed) }
    }

    func addWorker(_ worker: NewWorker, by caller: Caller) async throws -> WorkerStatus {
        try self.admission.check(worker.name, key: worker.publicKey)
        let digest = ContentDigest.of(worker.publicKey.utf8)
        // The list is a file: what is done to it is noted before, so that nothing is done that is not noted.
        try await self.loop.ask { try $0.audit("worker_add", on: worker.name, by: caller.name, digest: digest) }
        try self.admission.add(worker.name, key: worker.publicKey)
        let name = worker.name
        try await self.loop.ask { core in
            core.log(LoopNote(.info, .workerAdded, "worker \(name) may connect", [(.worker, .string(name))]))
        }
        return try await self.worker(named: worker.name)
    }

    func removeWorker(named name: String, by caller: Caller) async throws -> WorkerStatus {
        guard self.admission.names.contains(name) else {
            throw OperationError.notFound("there is no worker '\(name)' on the list")
        }
        try await self.loop.ask { try $0.audit("worker_remove", on: name, by: caller.name) }
        try self.admission.remove(name)
        try await self.loop.ask { try $0.remove(worker: name) }
        return try await self.worker(named: name)
    }

    func drainWorker(named name: String, undo: Bool, by caller: Caller) async throws -> WorkerStatus {
        guard self.admission.names.contains(name) else {
            throw OperationError.notFound("there is no worker '\(name)' on the list")
        }
        try await self.loop.ask { core in
            guard core.drained.contains(name) == undo else { return }
            if undo { try core.undrain(worker: name) } else { try core.drain(worker: name) }
            try core.audit(undo ? "worker_undrain" : "worker_drain", on: name, by: caller.name)
        }
        return try await self.worker(named: name)
    }

    private func worker(named name: String) async throws -> WorkerStatus {
        if let known = try await self.workers().first(where: { $0.name == name }) { return known }
        // Removed before it ever came.
        return WorkerStatus(
            name: name,
            state: .removed,
            leased: 0,
            accepted: 0,
            acceptedPerSecond: 0,
            lastSeen: nil,
            build: nil,
            relays: []
        )
    }
}
