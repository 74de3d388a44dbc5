/// A throttle's definition, `quantity/period[,burst=n]`: at most `quantity + burst` messages leave in any window of one period.
package struct Limit: Hashable, Sendable {
    /// Messages per period, at least 1.
    package let quantity: Int
    /// Length of the period in milliseconds, at least 1.
    package let periodMilliseconds: Int64
    /// Size of the bucket, at least 1.
    package let burst: Int

    /// Makes a limit; `burst` defaults to the quantity for periods up to a second, else to a sixtieth of it, at least 1.
    package init(quantity: Int, periodMilliseconds: Int64, burst: Int? = nil) {
        precondition(quantity >= 1 && periodMilliseconds >= 1 && (burst ?? 1) >= 1)
        self.quantity = quantity
        self.periodMilliseconds = periodMilliseconds
        self.burst = burst ?? (periodMilliseconds <= 1_000 ? quantity : max(1, quantity / 60))
    }

    /// Largest quantity and burst accepted; beyond it a limit limits nothing.
    package static let quantityMax = 1_000_000_000

    /// Reads `200/s`, `1000000/day`, `60/min,burst=1`, `10/5s`.
    ///
    /// - Returns: `nil` when the text is no limit; ``grammar`` says what is.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= 2, let rate = parts.first else { return nil }
        let sides = rate.split(separator: "/", omittingEmptySubsequences: false)
        guard sides.count == 2, let quantity = Self.count(sides[0]), let period = Self.period(sides[1]) else {
            return nil
        }
        var burst: Int?
        if parts.count == 2 {
            let option = parts[1].drop { $0 == " " }
            guard option.hasPrefix("burst="), let value = Self.count(option.dropFirst(6)) else { return nil }
            burst = value
        }
        self.init(quantity: quantity, periodMilliseconds: period, burst: burst)
    }

    /// What ``init(_:)`` reads, for error messages.
    package static let grammar = "quantity/period[,burst=n], for example 200/s, 60/min,burst=1 or 1000000/day"

    /// The canonical text.
    package var text: String {
        let unit = Self.units.last { self.periodMilliseconds % $0.milliseconds == 0 && $0.isCanonical }
        let count = self.periodMilliseconds / (unit?.milliseconds ?? 1)
        let base = "\(self.quantity)/\(count == 1 ? "" : String(count))\(unit?.name ?? "ms")"
        let plain = Self(quantity: self.quantity, periodMilliseconds: self.periodMilliseconds)
        return plain == self ? base : "\(base),burst=\(self.burst)"
    }

    private static let units: [(name: String, milliseconds: Int64, isCanonical: Bool)] = [
        ("ms", 1, true),
        ("s", 1_000, true), ("sec", 1_000, false), ("second", 1_000, false),
        ("min", 60_000, true), ("m", 60_000, false), ("minute", 60_000, false),
        ("h", 3_600_000, true), ("hour", 3_600_000, false),
        ("day", 86_400_000, true), ("d", 86_400_000, false),
    ]

    private static func count(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text) else { return nil }
        return (1...Self.quantityMax).contains(value) ? value : nil
    }

    private static func period(_ text: some StringProtocol) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count)
        guard let unit = Self.units.first(where: { $0.name == name }) else { return nil }
        guard !digits.isEmpty else { return unit.milliseconds }
        // A year is the longest period: longer ones would overflow long before they limited anything.
        guard let count = Int64(digits), (1...31_536_000_000).contains(count) else { return nil }
        let length = count.multipliedReportingOverflow(by: unit.milliseconds)
        return !length.overflow && length.partialValue <= 31_536_000_000 ? length.partialValue : nil
    }
}

/// A length of time as users write it: `90s`, `5m`, `4h`, `3d`.
package enum DurationText {
    /// What ``milliseconds(_:)`` reads, for error messages.
    package static let grammar = "a number and a unit, for example 500ms, 90s, 5m, 4h or 3d"

    /// - Returns: Milliseconds, or `nil` when the text is no duration between 1 ms and 10 years.
    package static func milliseconds(_ text: some StringProtocol) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factors: [String: Int64] = [
            "ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "day": 86_400_000,
            "w": 604_800_000,
        ]
        guard let count = Int64(digits), count > 0, let factor = factors[String(text.dropFirst(digits.count))] else {
            return nil
        }
        let product = count.multipliedReportingOverflow(by: factor)
        return !product.overflow && product.partialValue <= 315_360_000_000 ? product.partialValue : nil
    }

    /// In the largest unit that leaves no rest, as in `36h`.
    package static func text(_ milliseconds: Int64) -> String {
        let units: [(name: String, length: Int64)] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)]
        let unit = units.first { milliseconds % $0.length == 0 }
        return "\(milliseconds / (unit?.length ?? 1))\(unit?.name ?? "ms")"
    }
}
