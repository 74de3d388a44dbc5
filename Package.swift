// swift-tools-version: 6.2
import PackageDescription

/// A module of Sources/Shared, which is a folder of modules, never one module.
///
/// Arrows point towards Domain.
func shared(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Shared/\(name)", exclude: exclude)
}

let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")

let package = Package(
    name: "postrider",
    products: [
        .executable(name: "postrider-coordinator", targets: ["Coordinator"]),
        .executable(name: "postrider-worker", targets: ["Worker"]),
        .executable(name: "postrider", targets: ["CLI"]),
        .executable(name: "postrider-simulate", targets: ["Simulate"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The services: the only places that read configuration and wire things together. What runs is a library, so that
        // tests and the simulator can use it; the programs are its entry points.
        .executableTarget(
            name: "Coordinator",
            dependencies: [
                "CoordinatorCore", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Coordinator/Program"
        ),
        .executableTarget(
            name: "Worker",
            dependencies: [
                "WorkerCore", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Worker/Program"
        ),
        .target(
            name: "CoordinatorCore",
            dependencies: [
                "Bounces", "Domain", "Engine", "Mail", "Intake", "Signing", "Wire", "Transport", "Storage",
                "StorageSQLite", "Relay", "Telemetry",
                "TimeZones", "UserFiles", "Webhooks", "CFileBirth",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Coordinator",
            exclude: ["Program"]
        ),
        .target(
            name: "WorkerCore",
            dependencies: [
                "Domain", "Engine", "Mail", "Signing", "Wire", "Transport", "Storage", "StorageSQLite", "Relay",
                "Telemetry",
                "UserFiles",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Sources/Worker",
            exclude: ["Program"]
        ),
        .executableTarget(
            name: "CLI",
            dependencies: [
                "Bounces", "Domain", "Intake", "Mail", "Relay", "Signing", "Transport", "UserFiles", "Sink",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),

        // No I/O.
        shared("Domain"),
        shared("Engine", ["Domain"]),
        shared("Bounces"),
        shared("TimeZones", ["Domain"]),
        shared("Mail", ["Domain", .product(name: "Crypto", package: "swift-crypto")]),
        shared(
            "Signing",
            [
                "Domain",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]
        ),
        shared(
            "Webhooks",
            [
                "Bounces",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ]
        ),
        shared(
            "Wire",
            ["Domain", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["worker.proto"]
        ),

        // One importer for each heavy dependency.
        shared("Intake", ["Domain", "CCSV", "CIDN", "CZlib", "CZstd"]),
        shared("UserFiles", ["Domain", "TimeZones", .product(name: "Yams", package: "Yams")]),
        shared("Transport", ["CZeroMQ"]),
        shared("Storage", ["Domain", .product(name: "Crypto", package: "swift-crypto")]),
        shared(
            "StorageSQLite",
            [
                "Domain", "Storage",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]
        ),
        shared(
            "Relay",
            [
                "Domain", "Mail",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        shared(
            "Sink",
            [
                "Domain",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        shared(
            "Telemetry",
            [
                .product(name: "Logging", package: "swift-log")
            ]
        ),
        .systemLibrary(name: "CFileBirth", path: "Sources/Shared/CFileBirth"),
        .systemLibrary(name: "CZeroMQ", path: "Sources/Shared/CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CCSV", path: "Sources/Shared/CCSV", providers: [.apt(["libcsv-dev"])]),
        .systemLibrary(name: "CZlib", path: "Sources/Shared/CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", path: "Sources/Shared/CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CIDN", path: "Sources/Shared/CIDN", providers: [.apt(["libidn2-dev"])]),

        // Tests
        .testTarget(name: "DomainTests", dependencies: ["Domain"]),
        .testTarget(name: "EngineTests", dependencies: ["Domain", "Engine"]),
        .testTarget(name: "MailTests", dependencies: ["Domain", "Mail"]),
        .testTarget(name: "SMTPTests", dependencies: ["Domain", "Mail"]),
        .testTarget(name: "IntakeTests", dependencies: ["Domain", "Intake"]),
        .testTarget(name: "BouncesTests", dependencies: ["Bounces"]),
        .testTarget(name: "TimeZonesTests", dependencies: ["Domain", "TimeZones"], exclude: ["zone_offsets.py"]),
        .testTarget(name: "UserFilesTests", dependencies: ["Domain", "TimeZones", "UserFiles"]),
        .testTarget(name: "SigningTests", dependencies: ["Domain", "Mail", "Signing"]),
        .testTarget(
            name: "WebhooksTests",
            dependencies: [
                "Webhooks",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ]
        ),
        .testTarget(name: "WireTests", dependencies: ["Domain", "Wire", protobuf]),
        .testTarget(name: "TransportTests", dependencies: ["Transport", "CZeroMQ"]),
        .testTarget(name: "StorageTests", dependencies: ["Domain", "Engine", "Storage", "StorageSQLite"]),
        .testTarget(
            name: "RelayTests",
            dependencies: [
                "Domain", "Mail", "Relay", "Sink", "TestPorts",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        .testTarget(
            name: "SinkTests",
            dependencies: [
                "Sink",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "TelemetryTests",
            dependencies: [
                "Telemetry",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "APITests",
            dependencies: [
                "CoordinatorCore", "Domain", "Storage", "Telemetry", "UserFiles",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .testTarget(
            name: "CoordinatorTests",
            dependencies: [
                "CoordinatorCore", "Domain", "Engine", "Intake", "Signing", "Storage", "StorageSQLite", "Telemetry",
                "TimeZones", "Transport", "UserFiles", "Wire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "Domain", "Engine", "Mail", "Relay", "Signing", "Sink", "Storage", "StorageSQLite", "Transport", "Wire",
                "WorkerCore",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "CLITests",
            dependencies: [
                "CLI", "Domain", "TestPorts", "Transport", "UserFiles",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ConformanceTests",
            dependencies: ["Domain", "Signing", "Transport", "Wire", protobuf],
            path: "Tests/Conformance",
            exclude: [
                "python_worker.py", "relay.py", "requirements.txt", "worker_journal.py", "worker_link.py",
                "worker_mail.py",
            ]
        ),
        // Parsers and their laws, for the fuzzer (`make fuzz`) and for tests that replay its corpora.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Bounces", "Domain", "Engine", "Intake", "Mail", "Storage", "StorageSQLite", "UserFiles", "Webhooks",
                "Wire",
            ],
            path: "Tests/Fuzz/Targets"
        ),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"]),
        // Ports of loopback that tests do not take from one another.
        .target(name: "TestPorts", path: "Tests/Support/Ports"),
        // A disk for SQLite that forgets unsynced writes when its power is cut, and the tests on it.
        .target(
            name: "CPowerLossVFS",
            path: "Tests/Support/CPowerLossVFS",
            linkerSettings: [.linkedLibrary("sqlite3")]
        ),
        .testTarget(
            name: "PowerTests",
            dependencies: [
                "CPowerLossVFS", "CoordinatorCore", "Domain", "Engine", "Storage", "StorageSQLite", "Telemetry",
                "Transport", "UserFiles", "Wire", "WorkerCore",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(name: "TidyTests"),

        // The simulator: the services' own code in one thread, by seed. Not installed.
        .target(
            name: "Simulation",
            dependencies: [
                "CoordinatorCore", "Domain", "Engine", "Relay", "Storage", "StorageSQLite", "Wire", "WorkerCore",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            path: "Tests/Support/Simulation"
        ),
        .executableTarget(name: "Simulate", dependencies: ["Simulation"], path: "Tests/Simulate"),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation"]),
    ],
    swiftLanguageModes: [.v6]
)

// libFuzzer brings its own `main`, so this program links under `--sanitize fuzzer` only.
if Context.environment["POSTRIDER_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(name: "Fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Driver")
    )
}

// One list of language settings for every target, so that no module is checked less than another.
let strictness: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
for target in package.targets where target.type != .system {
    target.swiftSettings = strictness
}
