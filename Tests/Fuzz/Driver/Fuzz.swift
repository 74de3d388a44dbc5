import FuzzTargets
import Glibc

/// The target that POSTRIDER_FUZZ_TARGET names.
private let target: FuzzTarget = {
    let name = getenv("POSTRIDER_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        complain("POSTRIDER_FUZZ_TARGET is '\(name)'; there are \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
        exit(64)
    }
    return target
}()

private func complain(_ text: String) {
    let line = Array("\(text)\n".utf8)
    line.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// What libFuzzer calls, which also brings `main`.
@_cdecl("LLVMFuzzerTestOneInput")
package func tryInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    do {
        try target.check(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        complain("\(target.name): \(error)")
        abort()
    }
    return 0
}
