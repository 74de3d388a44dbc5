import Storage

/// Where the request that is being answered came from, and whether it bears a key.
///
/// A task's own values, so that whatever is done for a request, however deep, notes them without passing them on.
enum RequestOrigin {
    /// The sender's IP address; empty outside of requests.
    @TaskLocal static var address = ""
    /// Stored with what the request does; `nil` for requests without a key.
    @TaskLocal static var mark: RequestMark?
}
