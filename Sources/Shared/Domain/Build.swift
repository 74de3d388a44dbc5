/// Which build of Postrider a program is.
package enum Build {
    /// As in `0.1.0`, the same for the three programs of one build.
    package static let version = "0.1.0"
}
