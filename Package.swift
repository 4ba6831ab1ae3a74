// swift-tools-version: 6.2
import PackageDescription

/// Checked accesses to class state cost three to six times as much in the hot loops; overflow and
/// bounds traps stay on.
let hot: [SwiftSetting] = [
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
]
let strict: [SwiftSetting] = [
  .unsafeFlags(["-warnings-as-errors"]),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: hot + strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "weir",
  products: [.executable(name: "weir", targets: ["weir"])],
  targets: [
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .target(name: "CShim", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])]),

    // Ground
    module("Model"),
    module("Bytes", ["Model", "CXXHash"]),
    module("Draws", ["Model"]),
    // Floor 1
    module("Scenarios", ["Model", "Bytes", "CYaml"]),
    module("Scheduling", ["Model", "CShim"]),
    module("History", ["Model", "Bytes", "CShim"]),
    module("Schemas", ["Model", "Bytes"]),
    module("Queries", ["Model", "Bytes"]),
    // Floor 2
    module("Workloads", ["Model", "Bytes", "Draws", "Schemas", "Queries"]),
    module("Traces", ["Model", "Bytes", "Schemas", "Queries", "Scenarios", "Workloads", "CZstd", "CShim"]),
    module("Faults", ["Model", "Draws", "Scenarios"]),
    module("Backbones", ["Model", "Bytes", "Draws", "Scheduling"]),
    // Floor 3
    module("Verification", ["Model", "Bytes", "History", "Queries", "Workloads"]),
    module("Statistics", ["Model", "Bytes"]),
    module("Engines", ["Model", "Bytes", "Queries", "Schemas"]),
    // Floor 4
    module(
      "Harness",
      [
        "Model", "Bytes", "Draws", "Scenarios", "Scheduling", "History", "Schemas", "Queries",
        "Workloads", "Traces", "Faults", "Backbones", "Verification", "Statistics", "Engines",
        "CShim",
      ]),
    module("Reporting", ["Model", "Bytes", "Statistics", "CZlib"]),
    // Roof
    .executableTarget(
      name: "weir",
      dependencies: [
        "Model", "Bytes", "Scenarios", "History", "Queries", "Workloads", "Traces", "Faults",
        "Backbones", "Verification", "Statistics", "Engines", "Harness", "Reporting", "CShim",
      ],
      swiftSettings: hot + strict),

    tests("ModelTests", ["Model", "Bytes", "Draws"]),
    tests("ScenariosTests", ["Model", "Bytes", "Draws", "Scenarios", "CShim"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
