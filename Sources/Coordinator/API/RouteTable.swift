import Domain
import Hummingbird
import Synchronization

/// Every request that is served, with the role it needs: what the OpenAPI file is compared with, and who is told what a path allows.
final class RouteTable: Sendable {
    struct Route: Hashable, Sendable {
        let method: HTTPRequest.Method
        /// As in `/v1/campaigns/{id}`.
        let path: String
        /// The least role; `nil` for requests without a token.
        let role: Role?
    }

    private let entries = Mutex<[Route]>([])

    /// All of them, in the order in which they were added.
    var routes: [Route] { self.entries.withLock { $0 } }

    func add(_ method: HTTPRequest.Method, _ path: RouterPath, _ role: Role?) {
        let text = path.description
        let route = Route(method: method, path: text.hasPrefix("/") ? text : "/" + text, role: role)
        self.entries.withLock { $0.append(route) }
    }

    /// Methods that a path takes.
    ///
    /// - Parameter path: As it was asked for.
    /// - Returns: Sorted; empty when there is no such path.
    func methods(at path: String) -> [String] {
        let parts = path.split(separator: "/")
        let fitting = self.routes.filter { route in
            let pattern = route.path.split(separator: "/")
            return pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        return Set(fitting.flatMap(\.method.servedWith).map(\.rawValue)).sorted()
    }
}

extension HTTPRequest.Method {
    /// The methods of a path that takes this one: whatever is there to get can be asked for its head (RFC 9110 section 9.1).
    ///
    /// The table and the OpenAPI file name `GET` alone.
    var servedWith: [Self] { self == .get ? [.get, .head] : [self] }
}
