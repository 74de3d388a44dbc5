// swift-tools-version: 6.2
import PackageDescription

// Benchmarks that need code of Postrider in the same process. The modules are the ones of the product: Sources/Domain and Sources/Mail
// are links to them, and Sources/Signing has a link to the one file that is measured, since a package sees only what is under its own folder, and `package` access ends with the package.
let package = Package(
    name: "postrider-benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ],
    targets: [
        .target(name: "Domain"),
        .target(name: "Mail", dependencies: ["Domain", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "Signing", dependencies: ["Domain", .product(name: "Crypto", package: "swift-crypto")]),
        .executableTarget(
            name: "RenderBench",
            dependencies: ["Domain", "Mail", "Signing", .product(name: "Mustache", package: "swift-mustache")]
        ),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}
