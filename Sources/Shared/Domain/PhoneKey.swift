/// Under which form two spellings of one telephone number are the same.
package enum PhoneKey {
    /// Digits with the country's in front, where that is known: `+1 515…`, `1515…` and `515…` are one number of North America.
    ///
    /// A national number of another country stays as it is, since nobody says which country that is.
    ///
    /// - Parameter number: As Intake normalises it: digits, maybe with a `+`.
    /// - Returns: Digits only.
    package static func of(_ number: some Collection<UInt8>) -> [UInt8] {
        guard number.first != UInt8(ascii: "+") else { return Array(number.dropFirst()) }
        let digits = Array(number)
        // An international prefix instead of the plus.
        if digits.starts(with: "00".utf8) { return Array(digits.dropFirst(2)) }
        // Area codes and exchanges of North America begin with 2 to 9.
        let isNational = digits.count == 10 && digits[0] >= UInt8(ascii: "2") && digits[3] >= UInt8(ascii: "2")
        return isNational ? [UInt8(ascii: "1")] + digits : digits
    }

    /// The numbers, as Intake normalises them, that have this key.
    package static func forms(of key: String) -> [String] {
        let digits = Array(key.utf8)
        let written = ["+\(key)", key, "00\(key)"] + (digits.count == 11 ? [String(key.dropFirst())] : [])
        return written.filter { self.of(Array($0.utf8)) == digits }
    }
}
