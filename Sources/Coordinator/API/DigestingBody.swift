import Crypto
import Domain
import NIOCore
import Synchronization

/// A request's body on its way to whoever reads it, with a digest of all that came by.
struct DigestingBody<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable where Base.Element == ByteBuffer {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    private let base: Base
    private let hash: BodyHash

    init(_ base: Base) {
        self.base = base
        self.hash = BodyHash()
    }

    /// SHA-256 of what was read so far, as hex.
    var digest: String { self.hash.digest }

    func makeAsyncIterator() -> Iterator { Iterator(base: self.base.makeAsyncIterator(), hash: self.hash) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: Base.AsyncIterator
        fileprivate let hash: BodyHash

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> ByteBuffer? {
            do {
                guard let piece = try await self.base.next(isolation: actor) else { return nil }
                self.hash.add(piece)
                return piece
            } catch {
                throw error
            }
        }
    }
}

/// A hash that grows; shared by a body and its iterator.
private final class BodyHash: Sendable {
    private let hash = Mutex(SHA256())

    func add(_ piece: ByteBuffer) {
        self.hash.withLock { hash in piece.withUnsafeReadableBytes { hash.update(bufferPointer: $0) } }
    }

    var digest: String { self.hash.withLock { $0.finalize().hexadecimal } }
}

/// SHA-256 of some content, as hex.
enum ContentDigest {
    static func of(_ bytes: some Collection<UInt8>) -> String { SHA256.hash(data: Array(bytes)).hexadecimal }
}
