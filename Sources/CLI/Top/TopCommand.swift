import ArgumentParser
import Dispatch
import Domain
import Glibc

/// Runs `postrider top`.
struct TopCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "A live screen: campaigns, relays, workers and lanes, once a second; q or Ctrl-C ends it.",
        discussion: HelpText.with(
            "Where stdout is no terminal, and with --once, it is shown once. --json shows one document.",
            examples: "postrider top --once"
        )
    )

    @Flag(help: "Show it once and end.")
    var once = false

    @OptionGroup var global: GlobalOptions

    /// Between two questions: the coordinator's rates are over five seconds, so more often shows nothing new.
    private static let interval = Duration.seconds(1)
    /// How long a coordinator that answered before may be away: a restart takes less.
    private static let patience = Duration.seconds(60)
    /// Wishes that wait while the coordinator does not answer: more than ticks within ``patience``, so that no key gets lost among them.
    private static let wishesMax = 100

    func run(in surroundings: Surroundings) async throws {
        try await surroundings.withClient(role: .viewer) { client in
            if self.once || surroundings.isJSON || !surroundings.terminal.isOutputTerminal {
                let document = try await client.get("/v1/top")
                let screen = TopScreen(style: surroundings.style, size: nil)
                try surroundings.show(document, as: Top.self) { screen.lines($0, from: client.base) }
            } else {
                try await Self.live(client, surroundings)
            }
        }
    }

    private static func live(_ client: APIClient, _ surroundings: Surroundings) async throws {
        // The first answer decides whether there is anything to show: an error belongs on the screen that was there before.
        var top = try await client.get("/v1/top").decode(Top.self)
        let (wishes, wish) = AsyncStream.makeStream(of: Wish.self, bufferingPolicy: .bufferingNewest(Self.wishesMax))
        let screen = LiveScreen(surroundings.terminal) { wish.yield($0) }
        defer { screen.close() }
        let ticker = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: Self.interval)
                wish.yield(.update)
            }
        }
        defer { ticker.cancel() }
        let clock = ContinuousClock()
        var answered = clock.now
        var trouble: String?
        func draw() {
            let style = surroundings.style
            var lines = TopScreen(style: style, size: screen.size).lines(top, from: client.base)
            if let trouble {
                lines[0] = style.red(TextWidth.shortened(Printable.foreign(trouble), to: screen.size.columns))
            }
            screen.show(lines)
        }
        draw()
        for await wish in wishes {
            switch wish {
            case .end: return
            case .redraw: break
            case .stop: screen.stop()
            case .update:
                do throws(Failure) {
                    top = try await client.get("/v1/top").decode(Top.self)
                    answered = clock.now
                    trouble = nil
                } catch {
                    guard error.status == .unreachable, clock.now - answered < Self.patience else { throw error }
                    trouble = "no answer, trying again: \(error.message)"
                }
            }
            draw()
        }
    }

    /// What comes in while the screen is shown.
    enum Wish: Sendable {
        case update
        /// The window has another size, or was in the background.
        case redraw
        /// Ctrl-Z: until somebody brings it to the foreground again.
        case stop
        case end
    }
}

/// The terminal while `top` has it: another page of it, without a cursor, keys unseen; all as before when it ends.
final class LiveScreen: Sendable {
    private let before: termios?
    private let sources: Sources

    /// Kept for as long as the screen is open; changed by nobody in between.
    private struct Sources: @unchecked Sendable {
        // DispatchSource is safe to cancel from any thread; the list itself never changes.
        let all: [any DispatchSourceProtocol]
    }

    init(_ terminal: Terminal, onWish: @escaping @Sendable (TopCommand.Wish) -> Void) {
        terminal.flush()
        var before = termios()
        let isSaved = tcgetattr(STDIN_FILENO, &before) == 0
        self.before = isSaved ? before : nil
        var sources: [any DispatchSourceProtocol] = []
        let ends: [CInt] = [SIGINT, SIGTERM, SIGHUP]
        let isWatched = DispatchGroup()
        for number in ends + [SIGWINCH, SIGTSTP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            let wish: TopCommand.Wish = ends.contains(number) ? .end : number == SIGTSTP ? .stop : .redraw
            source.setEventHandler { onWish(wish) }
            // Until then the signal would be ignored, and nobody would know.
            isWatched.enter()
            source.setRegistrationHandler { isWatched.leave() }
            source.resume()
            sources.append(source)
        }
        if isSaved {
            let keys = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
            keys.setEventHandler {
                var byte: UInt8 = 0
                let count = read(STDIN_FILENO, &byte, 1)
                if count <= 0 || byte == UInt8(ascii: "q") || byte == 0x04 { onWish(.end) }
            }
            keys.resume()
            sources.append(keys)
        }
        self.sources = Sources(all: sources)
        _ = isWatched.wait(timeout: .now() + Self.watchTimeout)
        self.open()
    }

    /// Registering takes microseconds.
    private static let watchTimeout = DispatchTimeInterval.seconds(5)

    private func open() {
        if var raw = self.before {
            // Signals stay: Ctrl-C and Ctrl-Z are such.
            raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
            tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        }
        Self.write("\u{1B}[?1049h\u{1B}[?25l")
    }

    private func leave() {
        Self.write("\u{1B}[?25h\u{1B}[?1049l")
        guard var before = self.before else { return }
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }

    /// Gives the terminal back, stops the process, and takes the terminal again when it goes on.
    func stop() {
        self.leave()
        // To this thread: another one would take its time, and this one go on meanwhile.
        raise(SIGSTOP)
        self.open()
    }

    /// Columns and lines of the window now.
    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Draws over what was there, in one write: nothing flickers.
    func show(_ lines: [String]) {
        let text = lines.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
        Self.write("\u{1B}[H\(text)\u{1B}[J")
    }

    func close() {
        for source in self.sources.all { source.cancel() }
        self.leave()
    }

    private static func write(_ text: String) {
        // A terminal that is gone shows nothing more; the next question ends it all.
        _ = writeAll(Array(text.utf8), to: STDOUT_FILENO)
    }
}
