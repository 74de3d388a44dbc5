/// Numbers that follow from a seed alone, the same on every machine: for samples, simulated chance and tests.
///
/// Not for secrets.
///
/// The generator is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
@frozen
package struct SplitMix64: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    /// - Parameter seed: Any number; neighbours give unrelated sequences.
    @inlinable
    package init(_ seed: UInt64) { self.state = seed }

    @inlinable
    package mutating func next() -> UInt64 {
        self.state &+= Self.step
        return Self.mix(self.state)
    }

    /// What the state grows by: 2⁶⁴ divided by the golden ratio, made odd.
    @inlinable
    package static var step: UInt64 { 0x9E37_79B9_7F4A_7C15 }

    /// The finaliser: every bit of the value reaches every bit of the result; 0 stays 0.
    @inlinable
    package static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// - Parameter bound: Above 0.
    /// - Returns: A number from 0 up to, not including, `bound`. The arithmetic is fixed here, because the standard library does not promise
    ///   the same draw in every version.
    @inlinable
    package mutating func number(below bound: Int) -> Int {
        Int(self.next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
