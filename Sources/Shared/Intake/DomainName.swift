internal import CIDN

/// Brings a domain into the form that DNS and SMTP use: lower-case letters, digits and hyphens, other scripts as
/// A-labels.
enum DomainName {
    /// Appends the domain; on failure, what was appended is undefined.
    static func normalise(
        _ domain: UnsafeBufferPointer<UInt8>,
        needsDot: Bool,
        into output: inout [UInt8]
    ) throws(AddressProblem) {
        let start = output.count
        switch try self.appendPlain(domain, into: &output) {
        case .plain: break
        case .needsConversion:
            output.removeSubrange(start...)
            try self.appendConverted(domain, into: &output)
        }
        try self.check(output, from: start, needsDot: needsDot)
    }

    private enum Kind {
        /// Letters, digits, hyphens and dots, and no label that claims to be an A-label.
        case plain
        case needsConversion
    }

    /// Nearly every domain there is: copied and lowered in one pass.
    private static func appendPlain(
        _ domain: UnsafeBufferPointer<UInt8>,
        into output: inout [UInt8]
    ) throws(AddressProblem) -> Kind {
        var labelStart = 0
        for index in 0..<domain.count {
            let byte = domain[index]
            if byte.isLetter || byte.isDigit {
                output.append(byte.lowercased)
            } else if byte == ASCII.dot {
                labelStart = index + 1
                output.append(byte)
            } else if byte == ASCII.hyphen {
                if index == labelStart + 3, self.beginsLikeALabel(domain, at: labelStart) { return .needsConversion }
                output.append(byte)
            } else if byte >= 0x80 {
                return .needsConversion
            } else {
                throw self.problem(with: byte)
            }
        }
        return .plain
    }

    private static func beginsLikeALabel(_ domain: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        domain[start].lowercased == 0x78 && domain[start + 1].lowercased == 0x6E && domain[start + 2] == ASCII.hyphen
    }

    private static func problem(with byte: UInt8) -> AddressProblem {
        switch byte {
        case ASCII.space: .blankInside
        case ..<ASCII.space, ASCII.delete: .controlCharacter
        case ASCII.lessThan, ASCII.greaterThan: .angleBracket
        default: .domainCharacter
        }
    }

    /// IDNA 2008 with the mapping of UTS 46, so that `MÜNCHEN.example` and `münchen.example` are one name.
    private static func appendConverted(
        _ domain: UnsafeBufferPointer<UInt8>,
        into output: inout [UInt8]
    ) throws(AddressProblem) {
        guard UTF8Text.firstInvalidByte(domain) == nil else { throw .notUTF8 }
        for byte in domain
        where byte < 0x80 && !byte.isLetter && !byte.isDigit && byte != ASCII.dot && byte != ASCII.hyphen {
            throw self.problem(with: byte)
        }
        // The library wants a terminated string, which a slice of a file is not.
        var text = [CChar](unsafeUninitializedCapacity: domain.count + 1) { buffer, count in
            for index in 0..<domain.count { buffer[index] = CChar(bitPattern: domain[index]) }
            buffer[domain.count] = 0
            count = domain.count + 1
        }
        var converted: UnsafeMutablePointer<CChar>?
        let flags = Int32(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        let code = idn2_to_ascii_8z(&text, &converted, flags)
        guard let converted else { throw self.problem(code: code) }
        defer { idn2_free(converted) }
        guard code == Int32(IDN2_OK.rawValue) else { throw self.problem(code: code) }
        var cursor = converted
        while cursor.pointee != 0 {
            output.append(UInt8(bitPattern: cursor.pointee).lowercased)
            cursor += 1
        }
    }

    private static func problem(code: Int32) -> AddressProblem {
        switch code {
        case Int32(IDN2_TOO_BIG_LABEL.rawValue): .labelTooLong
        case Int32(IDN2_TOO_BIG_DOMAIN.rawValue): .domainTooLong
        default: .domainNotConvertible
        }
    }

    /// Lengths, hyphens and dots of what was appended (RFC 5321 `Domain`, RFC 1035 section 2.3.4).
    private static func check(_ output: [UInt8], from start: Int, needsDot: Bool) throws(AddressProblem) {
        guard output.count - start <= AddressParser.domainBytesMax else { throw .domainTooLong }
        guard output.count > start else { throw .noDomain }
        var labelStart = start
        var dots = 0
        for index in start...output.count where index == output.count || output[index] == ASCII.dot {
            guard index > labelStart else { throw .labelEmpty }
            guard index - labelStart <= AddressParser.labelBytesMax else { throw .labelTooLong }
            guard output[labelStart] != ASCII.hyphen, output[index - 1] != ASCII.hyphen else { throw .labelHyphen }
            // The mapping of UTS 46 may bring forth ASCII that no host name has.
            for byte in output[labelStart..<index] where !byte.isLetter && !byte.isDigit && byte != ASCII.hyphen {
                throw .domainCharacter
            }
            labelStart = index + 1
            dots += 1
        }
        guard dots > 1 || !needsDot else { throw .noDot }
    }
}
