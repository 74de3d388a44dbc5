internal import Glibc

/// A file beside the store could not be written or read.
struct FileFault: Error, Hashable {
    let path: String
    /// The system's error number.
    let code: Int32

    var isDiskFull: Bool { self.code == ENOSPC || self.code == EDQUOT }

    var text: String { "\(self.path): \(String(cString: strerror(self.code)))" }
}
