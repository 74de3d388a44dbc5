import Domain

/// Writes a list of people who do not exist, as CSV: the same for the same seed.
///
/// The list is as untidy as real ones: some first names and cities are missing, one row in a thousand is broken, a
/// few addresses come twice.
struct SampleContacts {
    /// The first line.
    static let header = Array(
        "email,first_name,last_name,city,state,zip,birth_date,first_time,issue,donated,language,external_id\n".utf8
    )

    private let seed: UInt64
    private let count: Int
    private var next = 0

    /// - Parameters:
    ///   - seed: Another seed, other people.
    ///   - count: Rows in all, broken ones too.
    init(seed: UInt64, count: Int) {
        self.seed = seed
        self.count = count
    }

    /// Appends the next rows; the first call begins with the header.
    ///
    /// - Parameters:
    ///   - rowsMax: How many rows, at most.
    ///   - buffer: Gets about 110 bytes a row.
    /// - Returns: Whether any rows were left.
    mutating func write(rowsMax: Int, into buffer: inout [UInt8]) -> Bool {
        guard self.next < self.count else { return false }
        if self.next == 0 { buffer.append(contentsOf: Self.header) }
        let end = min(self.count, self.next + rowsMax)
        while self.next < end {
            self.writeRow(self.next, into: &buffer)
            self.next += 1
        }
        return true
    }

    /// A row depends on the seed and its number only.
    private func writeRow(_ index: Int, into buffer: inout [UInt8]) {
        var dice = SampleDice(seed: self.seed, row: UInt64(index))
        let first = SampleNames.firstNames[dice.roll(SampleNames.firstNames.count)]
        let last = SampleNames.lastNames[dice.roll(SampleNames.lastNames.count)]
        let places = SampleNames.places
        let place = places[dice.roll(5) < 4 ? dice.roll(places.count / 2) : dice.roll(places.count)]
        let flaw = Flaw(dice: &dice)

        if dice.roll(500) == 0, index > 0 {
            // Somebody who is on the list already, in other letters.
            self.writeAddress(of: index - 1, shouting: true, flaw: .none, into: &buffer)
        } else {
            self.writeAddress(of: index, shouting: false, flaw: flaw, into: &buffer)
        }
        Self.writeCell(dice.roll(100) < 3 ? [] : first.text, into: &buffer)
        Self.writeCell(flaw == .strayQuote ? last.text + Array(" \"Jr".utf8) : last.text, into: &buffer)
        Self.writeCell(dice.roll(200) == 0 ? [] : place.city, into: &buffer)
        Self.writeCell(place.state, into: &buffer)
        buffer.append(0x2C)
        buffer.append(contentsOf: place.zipPrefix)
        Self.writeNumber(dice.roll(100), digits: 2, into: &buffer)
        buffer.append(0x2C)
        Self.writeNumber(1_938 + dice.roll(70), digits: 4, into: &buffer)
        buffer.append(0x2D)
        Self.writeNumber(1 + dice.roll(12), digits: 2, into: &buffer)
        buffer.append(0x2D)
        Self.writeNumber(1 + dice.roll(28), digits: 2, into: &buffer)
        Self.writeCell(dice.roll(100) < 35 ? Array("yes".utf8) : Array("no".utf8), into: &buffer)
        Self.writeCell(SampleNames.issues[dice.roll(SampleNames.issues.count)], into: &buffer)
        buffer.append(0x2C)
        if dice.roll(100) < 40 {
            Self.writeNumber(dice.roll(dice.roll(10) == 0 ? 2_700 : 120), digits: 1, into: &buffer)
            buffer.append(0x2E)
            Self.writeNumber(dice.roll(4) * 25, digits: 2, into: &buffer)
        }
        Self.writeCell(Self.language(dice.roll(100)), into: &buffer)
        Self.writeCell([0x56], into: &buffer)
        Self.writeNumber(index + 1, digits: 8, into: &buffer)
        if flaw == .surplusCell { buffer.append(contentsOf: ",moved in 2019".utf8) }
        buffer.append(0x0A)
    }

    /// What is wrong with a row: one in a thousand.
    private enum Flaw {
        case none
        case noAt
        case strayQuote
        case surplusCell

        init(dice: inout SampleDice) {
            switch dice.roll(3_000) {
            case 0: self = .noAt
            case 1: self = .strayQuote
            case 2: self = .surplusCell
            default: self = .none
            }
        }
    }

    /// An address depends on the seed and the row's number only, so that another row can repeat it.
    private func writeAddress(of index: Int, shouting: Bool, flaw: Flaw, into buffer: inout [UInt8]) {
        var dice = SampleDice(seed: self.seed, row: UInt64(index))
        let first = SampleNames.firstNames[dice.roll(SampleNames.firstNames.count)]
        let last = SampleNames.lastNames[dice.roll(SampleNames.lastNames.count)]
        var address = SampleDice(seed: ~self.seed, row: UInt64(index))
        let start = buffer.count
        switch address.roll(3) {
        case 0: buffer.append(first.ascii[0])
        case 1:
            buffer.append(contentsOf: first.ascii)
            buffer.append(0x2E)
        default:
            buffer.append(contentsOf: first.ascii)
            buffer.append(0x5F)
        }
        buffer.append(contentsOf: last.ascii)
        // The row's number keeps addresses apart that are made of the same names.
        Self.writeNumber(index, digits: 1, into: &buffer)
        buffer.append(contentsOf: flaw == .noAt ? Array(" at ".utf8) : [0x40])
        buffer.append(contentsOf: Self.domain(&address))
        guard shouting else { return }
        for place in start..<buffer.count where (0x61...0x7A).contains(buffer[place]) { buffer[place] &= ~0x20 }
    }

    private static func domain(_ dice: inout SampleDice) -> [UInt8] {
        var draw = dice.roll(1_000)
        for (domain, share) in SampleNames.providers {
            if draw < share { return domain }
            draw -= share
        }
        // The smaller of two draws, twice: a few of the invented domains are large and most are small.
        let domains = SampleNames.inventedDomains
        let pick = min(min(dice.roll(domains.count), dice.roll(domains.count)), dice.roll(domains.count))
        return domains[pick]
    }

    private static func language(_ draw: Int) -> [UInt8] {
        switch draw {
        case ..<82: Array("en".utf8)
        case ..<94: Array("es".utf8)
        case ..<96: Array("zh".utf8)
        case ..<98: Array("vi".utf8)
        default: []
        }
    }

    /// Writes a comma and the cell.
    ///
    /// No word of a sample needs quotes, but for the flaws, which must not have them.
    private static func writeCell(_ cell: [UInt8], into buffer: inout [UInt8]) {
        buffer.append(0x2C)
        buffer.append(contentsOf: cell)
    }

    private static func writeNumber(_ value: Int, digits: Int, into buffer: inout [UInt8]) {
        var count = 1
        var rest = value / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        for _ in 0..<max(0, digits - count) { buffer.append(0x30) }
        let start = buffer.count
        for _ in 0..<count { buffer.append(0x30) }
        rest = value
        for place in stride(from: start + count - 1, through: start, by: -1) {
            buffer[place] = 0x30 + UInt8(rest % 10)
            rest /= 10
        }
    }
}

/// Chance that can be repeated (SplitMix64).
struct SampleDice {
    private var random: SplitMix64

    init(seed: UInt64, row: UInt64) {
        self.random = SplitMix64(seed &* SplitMix64.step ^ (row &+ 1) &* 0xD1B5_4A32_D192_ED03)
    }

    /// - Returns: 0 to `sides` - 1.
    mutating func roll(_ sides: Int) -> Int { self.random.number(below: sides) }
}
