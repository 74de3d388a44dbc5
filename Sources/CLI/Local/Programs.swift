import Foundation

/// Where the three programs are.
enum Programs {
    /// The folder of this executable, which has the services too.
    static func folder() throws(Failure) -> String {
        guard let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw Failure(.failed, "cannot find out where postrider itself is: /proc/self/exe cannot be read")
        }
        let folder = URL(fileURLWithPath: own).deletingLastPathComponent().path
        for name in ["postrider-coordinator", "postrider-worker"] {
            guard access("\(folder)/\(name)", X_OK) == 0 else {
                throw Failure(.failed, "\(folder)/\(name) is missing; it belongs beside postrider")
            }
        }
        return folder
    }
}
