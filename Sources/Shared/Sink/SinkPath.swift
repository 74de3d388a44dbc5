/// The path of a MAIL or RCPT command and the size that it announces.
struct SinkPath {
    let address: [UInt8]
    let sizeParameter: Int

    /// `nil` when the line is not the verb, given in upper case with its colon, and a path in brackets.
    init?(_ line: ArraySlice<UInt8>, after verb: StaticString) {
        let name = UnsafeBufferPointer(start: verb.utf8Start, count: verb.utf8CodeUnitCount)
        guard line.count > name.count, zip(line, name).allSatisfy({ ($0 >= 97 && $0 <= 122 ? $0 & 0xDF : $0) == $1 })
        else { return nil }
        let rest = line.dropFirst(name.count).drop { $0 == 32 }
        guard rest.first == 60, let end = rest.firstIndex(of: 62) else { return nil }
        let address = rest[(rest.startIndex + 1)..<end]
        guard address.count <= 254, address.allSatisfy({ $0 > 32 && $0 != 127 && $0 != 60 }) else { return nil }
        self.address = Array(address)
        var size = 0
        for word in rest[(end + 1)...].split(separator: 32) {
            let text = String(decoding: word, as: UTF8.self).uppercased()
            guard text.hasPrefix("SIZE=") else { continue }
            guard let value = Int(text.dropFirst(5)), value >= 0 else { return nil }
            size = value
        }
        self.sizeParameter = size
    }
}
