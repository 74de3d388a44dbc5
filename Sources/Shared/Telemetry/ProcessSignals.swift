#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What a service does about signals before it does anything else.
package enum ProcessSignals {
    /// Lets SIGTERM, SIGINT and SIGHUP through again.
    ///
    /// A process that was started from a thread with these signals blocked inherits that, and could not be stopped.
    package static func unblock() {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
