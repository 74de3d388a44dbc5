import Foundation
import UserFiles

/// The ports that the coordinator listens on.
enum ListenPlaces {
    /// One of them, with its key in the configuration.
    struct Place {
        let key: String
        let host: String
        let port: Int
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

    /// Refuses to start when another program has one of them, before the database is touched.
    ///
    /// Names and IPv6 are left to the sockets themselves.
    ///
    /// - Throws: ``StartProblem`` that names the key and what to do.
    static func requireFree(_ settings: Settings) throws {
        for place in Self.wanted(settings) {
            try Self.requireFree(place.host, place.port, key: place.key, settings)
        }
    }

    private static func requireFree(_ host: String, _ port: Int, key: String, _ settings: Settings) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        let numbers = host == "*" ? "0.0.0.0" : host == "localhost" ? "127.0.0.1" : host
        guard port != 0, inet_pton(AF_INET, numbers, &address.sin_addr) == 1 else { return }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var one: Int32 = 1
        // As the real sockets do: what is left of connections that ended does not count.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? 0 : errno
            }
        }
        guard code != 0 else { return }
        let place = "\(key) \(host):\(port) in \(settings.file)"
        switch code {
        case EADDRINUSE:
            let remedy = "end it (`ss -ltnp 'sport = :\(port)'` names it), or change that key"
            throw StartProblem(text: "\(place) is in use by another program: \(remedy)")
        case EADDRNOTAVAIL:
            throw StartProblem(text: "\(place) is no address of this machine; `ip address` lists them")
        case EACCES:
            throw StartProblem(
                text: "\(place): ports below 1024 need a right that this user has not; take a higher one"
            )
        default: throw StartProblem(text: "\(place) cannot be listened on: \(String(cString: strerror(code)))")
        }
    }
}
