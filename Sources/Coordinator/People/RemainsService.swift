import Domain
import Logging
import ServiceLifecycle
import Storage
import Telemetry

/// Goes on with erasures that a stop cut off, and ends those that are under way when the coordinator stops.
struct RemainsService: Service {
    let erasures: ErasureService
    let logger: Logger

    func run() async throws {
        async let work: Void = self.goOn()
        try? await gracefulShutdown()
        await self.erasures.sweep.stop()
        await work
    }

    private func goOn() async {
        let readers = self.erasures.reads.readers
        do {
            let open = try await readers.read { connection throws(StoreError) in
                try ErasureMark.open(on: connection)
            }
            guard let open else { return }
            // Nobody knows any more whom it was about: so everything goes that is not in use.
            try await self.erasures.sweep.clear(nil)
            try await self.erasures.loop.write { connection throws(StoreError) in
                try ErasureMark.endAll(open, on: connection)
            }
            self.logger.event(.storage, "What deleted rows had left in the database file was cleared")
        } catch {
            self.logger.event(
                .storage,
                level: .warning,
                "What deleted rows left in the database file could not be cleared; the next start tries it again",
                [.error: .string("\(error)")]
            )
        }
    }
}
