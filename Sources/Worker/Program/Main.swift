import ArgumentParser
import WorkerCore

/// The program is its command; everything else is in the library, so that tests and the simulator can use it too.
@main
enum Main {
    static func main() { WorkerCommand.main() }
}
