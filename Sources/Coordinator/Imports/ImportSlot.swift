import Domain
import Synchronization

/// One import writes at a time: what a second one changed in between could not be told apart when one of them is undone.
///
/// A dry run writes nothing and needs no slot. The slot is free again when the request that took it ends, whatever the store says of
/// the import by then: one whose sender vanished ends when its connection was silent for ``APIServer/bounds``.
final class ImportSlot: Sendable {
    private struct Holder {
        let file: String
        var id: Int64?
    }

    private let holder = Mutex<Holder?>(nil)

    /// Takes the slot for a file.
    ///
    /// - Throws: ``OperationError/conflict(_:)`` that names the import that has it.
    func take(for file: String) throws(OperationError) {
        let other = self.holder.withLock { holder -> Holder? in
            if let holder { return holder }
            holder = Holder(file: file)
            return nil
        }
        guard let other else { return }
        let name = other.id.map { "import \(ImportService.publicID($0))" } ?? "the import"
        throw .conflict(
            "\(name) of \(other.file) is running, and one runs at a time; import when it has ended (postrider imports list)"
        )
    }

    /// Says which import has it.
    func name(_ id: Int64) { self.holder.withLock { $0?.id = id } }

    func leave() { self.holder.withLock { $0 = nil } }

    /// Whether an import has it.
    var isTaken: Bool { self.holder.withLock { $0 != nil } }
}
