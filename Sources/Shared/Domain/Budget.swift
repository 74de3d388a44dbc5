/// What a campaign may cost: in messages, in money, or both.
package struct Budget: Hashable, Sendable {
    /// `nil`: any number.
    package let messagesMax: Int?
    /// `nil`: any amount.
    package let costMax: Money?

    package init(messagesMax: Int?, costMax: Money?) {
        self.messagesMax = messagesMax
        self.costMax = costMax
    }

    /// How many messages it pays for; the lower bound holds.
    ///
    /// - Parameter price: Of one message; what costs nothing is not bounded by money.
    /// - Returns: `Int.max` when nothing bounds it.
    package func messages(at price: Money) -> Int {
        let byCost = self.costMax.flatMap { max -> Int? in
            price.billionths > 0 ? Int(max.billionths / price.billionths) : nil
        }
        return min(self.messagesMax ?? .max, byCost ?? .max)
    }
}

/// An amount in the unit of the configuration, in whole billionths: sums of small prices stay exact.
package struct Money: Hashable, Sendable, Comparable {
    package let billionths: Int64

    package init(billionths: Int64) { self.billionths = billionths }

    /// The nearest amount, for a number a user wrote; at most ``amountMax``.
    package init(_ amount: Double) {
        self.billionths = Int64((min(max(0, amount), Self.amountMax) * 1_000_000_000).rounded())
    }

    /// The largest amount: a billion.
    package static let amountMax: Double = 1_000_000_000

    package static func < (left: Self, right: Self) -> Bool { left.billionths < right.billionths }

    /// The price of so many messages; ``amountMax`` when it is more.
    package static func * (count: Int, price: Self) -> Self {
        let (product, overflow) = price.billionths.multipliedReportingOverflow(by: Int64(count))
        return overflow ? Self(Self.amountMax) : Self(billionths: product)
    }

    package var amount: Double { Double(self.billionths) / 1_000_000_000 }
}
