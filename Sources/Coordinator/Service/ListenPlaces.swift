import Foundation
import UserFiles

/// The ports that the coordinator listens on.
enum ListenPlaces {
    /// One of them, with its key in the configuration.
    struct Place: Hashable {
        let key: String
        let host: String
        let port: Int

        /// Every address of the machine, of its family.
        private var isEverywhere: Bool { ["0.0.0.0", "::"].contains(self.number) }

        /// Of an address; names have none.
        private var family: Int32? {
            var address = in6_addr()
            if inet_pton(AF_INET, self.number, &address) == 1 { return AF_INET }
            return inet_pton(AF_INET6, self.number, &address) == 1 ? AF_INET6 : nil
        }

        fileprivate var number: String {
            switch self.host {
            case "*": "0.0.0.0"
            case "localhost": "127.0.0.1"
            default: self.host
            }
        }

        /// Whether one of two listeners would find the other in its place.
        fileprivate func collides(with other: Self) -> Bool {
            guard self.port == other.port, self.port != 0 else { return false }
            guard self.number != other.number else { return true }
            return (self.isEverywhere || other.isEverywhere) && self.family != nil && self.family == other.family
        }
    }

    /// All that these settings want.
    static func wanted(_ settings: Settings) -> [Place] {
        let coordinator = settings.coordinator
        let (api, workers) = (coordinator.apiListen, coordinator.workersListen)
        var places = [
            Place(key: "coordinator.api_listen", host: api.host, port: api.port),
            Place(key: "coordinator.workers_listen", host: workers.host, port: workers.port),
        ]
        if coordinator.publicURL != nil {
            let open = coordinator.publicListen
            places.append(Place(key: "coordinator.public_listen", host: open.host, port: open.port))
        }
        if let returns = settings.returns?.listen {
            places.append(Place(key: "returns.listen", host: returns.host, port: returns.port))
        }
        return places
    }

    /// Why the coordinator could not listen, known before the database is touched.
    ///
    /// Listens nowhere itself. Names and IPv6 are left to the sockets themselves.
    ///
    /// - Parameters:
    ///   - settings: Name the places.
    ///   - areOurs: A coordinator with these settings runs: who has the ports is not asked.
    /// - Returns: In the order of ``wanted(_:)``; empty when nothing is wrong.
    static func problems(_ settings: Settings, areOurs: Bool) -> [StartProblem] {
        let wanted = Self.wanted(settings)
        var problems: [StartProblem] = []
        for (index, place) in wanted.enumerated() {
            if let other = wanted[..<index].first(where: { $0.collides(with: place) }) {
                let text = "\(other.key) and \(place.key) in \(settings.file) both want port \(place.port)"
                problems.append(StartProblem("ports", text, remedy: "give one of them another port"))
            } else if let problem = Self.problem(place, areOurs: areOurs, settings) {
                problems.append(problem)
            }
        }
        return problems
    }

    private static func problem(_ place: Place, areOurs: Bool, _ settings: Settings) -> StartProblem? {
        guard let code = Self.bindError(place) else { return nil }
        let name = "\(place.key) \(place.host):\(place.port) in \(settings.file)"
        switch code {
        case EADDRINUSE where areOurs, EACCES where areOurs: return nil
        case EADDRINUSE:
            let remedy = "end it (`ss -ltnp 'sport = :\(place.port)'` names it), or change that key"
            return StartProblem("ports", "\(name) is in use by another program", remedy: remedy)
        case EADDRNOTAVAIL:
            let remedy = "take one that `ip address` lists, or 0.0.0.0 for all"
            return StartProblem("ports", "\(name) is no address of this machine", remedy: remedy)
        case EACCES:
            let text = "\(name): ports below 1024 need a right that this user has not"
            return StartProblem("ports", text, remedy: "take a higher one")
        default:
            let text = "\(name) cannot be listened on: \(String(cString: strerror(code)))"
            return StartProblem("ports", text, remedy: "change that key")
        }
    }

    /// The system's error number when a socket of ours cannot have this place; `nil` when it can, or nobody can tell.
    private static func bindError(_ place: Place) -> Int32? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: place.port)).bigEndian
        guard place.port != 0, inet_pton(AF_INET, place.number, &address.sin_addr) == 1 else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var one: Int32 = 1
        // As the real sockets do: what is left of connections that ended does not count, and one that begins to listen now may.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? nil : errno
            }
        }
    }
}
