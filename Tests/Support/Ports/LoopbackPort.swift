import Foundation
import Synchronization

/// A port of 127.0.0.1 on which nobody listens, and nobody else can as long as the value lives: a connection is refused.
///
/// A port that a test bound and closed again is soon another test's.
package final class LoopbackPort: Sendable {
    package let number: Int
    private let socket: Int32

    package init() throws(Failure) {
        let socket = try Self.bound(to: 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard status == 0 else { throw Failure(what: "getsockname", code: errno) }
        self.socket = socket
        self.number = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(self.socket) }

    package struct Failure: Error {
        package var what: String
        package var code: Int32
    }

    /// Below the ports that Linux gives to those who ask for any (32768 and up, `ip_local_port_range`), so that neither a
    /// test's server nor the near end of a connection takes it first.
    private static let reserved = 20_000..<32_000
    private static let attemptsMax = 200
    private static let given = Mutex<Set<Int>>([])

    /// A port for a program that cannot be asked which one it got: free now, and given once.
    package static func free() throws(Failure) -> Int {
        for _ in 0..<Self.attemptsMax {
            let port = Int.random(in: Self.reserved)
            guard Self.given.withLock({ $0.insert(port).inserted }), let socket = try? Self.bound(to: port) else {
                continue
            }
            close(socket)
            return port
        }
        throw Failure(what: "no port of \(Self.reserved) is free", code: EADDRINUSE)
    }

    private static func bound(to port: Int) throws(Failure) -> Int32 {
        let descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(what: "socket", code: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            let code = errno
            close(descriptor)
            throw Failure(what: "bind", code: code)
        }
        return descriptor
    }
}
