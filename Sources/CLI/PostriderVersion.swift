/// The version of this build.
enum PostriderVersion {
    static let text = "0.1.0"
}
