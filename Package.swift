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
    .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
    .target(name: "CShim", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])]),

    // Ground
    module("Model"),
    module("Bytes", ["Model", "CXXHash"]),
    // A square root is a call of libm in debug builds; it is exact there too.
    .target(
      name: "Draws", dependencies: ["Model"], swiftSettings: hot + strict,
      linkerSettings: [.linkedLibrary("m")]),
    // Floor 1
    module("Scenarios", ["Model", "Bytes", "CYaml"]),
    module("Scheduling", ["Model", "CShim"]),
    module("Processes", ["CShim"]),
    module("History", ["Model", "Bytes", "CShim"]),
    module("Queries", ["Model", "Bytes"]),
    module("Schemas", ["Model", "Bytes", "Queries"]),
    // Floor 2
    module("Workloads", ["Model", "Bytes", "Draws", "Schemas", "Queries", "Scenarios"]),
    module(
      "Traces",
      [
        "Model", "Bytes", "Draws", "Schemas", "Queries", "Scenarios", "Workloads", "CZstd", "CZlib",
        "CShim",
      ]),
    module("Faults", ["Model", "Draws", "Scenarios"]),
    module("Backbones", ["Model", "Bytes", "Draws", "Scheduling"]),
    // Floor 3
    module(
      "Verification",
      ["Model", "Bytes", "History", "Scenarios", "Schemas", "Queries", "Workloads"]),
    module("Statistics", ["Model", "Bytes"]),
    module(
      "Engines", ["Model", "Bytes", "Draws", "History", "Schemas", "Queries", "Backbones"]),
    // Floor 4
    module(
      "Harness",
      [
        "Model", "Bytes", "Draws", "Scenarios", "Scheduling", "History", "Schemas", "Queries",
        "Workloads", "Traces", "Faults", "Backbones", "Verification", "Statistics", "Engines",
        "CShim",
      ]),
    module("Conformance", ["Model", "Bytes", "Draws", "Scheduling", "Backbones"]),
    module("Reporting", ["Model", "Bytes", "Statistics", "CZlib"]),
    module(
      "KafkaBackbone",
      ["Model", "Bytes", "Schemas", "Processes", "Backbones", "CRdKafka", "CShim"]),
    module(
      "ExternalEngine",
      ["Model", "Scenarios", "Processes", "Queries", "Backbones", "Engines", "CShim"]),
    // Roof
    module("Commands", ["Model", "Scenarios"]),
    .executableTarget(
      name: "weir",
      dependencies: [
        "Model", "Bytes", "Scenarios", "History", "Queries", "Workloads", "Traces", "Faults",
        "Backbones", "Verification", "Statistics", "Engines", "Harness", "Reporting",
        "KafkaBackbone", "ExternalEngine", "Processes", "Conformance", "CShim", "Commands", "CZstd",
        "CZlib", "CYaml",
        "CXXHash",
      ],
      swiftSettings: hot + strict),

    tests("ModelTests", ["Model", "Bytes", "Draws"]),
    tests(
      "KafkaBackboneTests",
      ["Model", "Processes", "Backbones", "KafkaBackbone", "CRdKafka", "CShim"]),
    tests(
      "ExternalEngineTests",
      ["Model", "Scenarios", "Processes", "Backbones", "Engines", "ExternalEngine", "CShim"]),
    tests(
      "RoofTests", ["Commands", "Model", "Backbones", "KafkaBackbone", "CRdKafka", "weir"]),
    tests("TidyTests", []),
    tests("SchedulingTests", ["Model", "Draws", "Scheduling"]),
    tests("BackbonesTests", ["Model", "Draws", "Scheduling", "Backbones"]),
    tests(
      "ConformanceTests", ["Model", "Scheduling", "Backbones", "Conformance", "CShim"]),
    tests(
      "EnginesTests",
      [
        "Model", "Bytes", "Draws", "Scenarios", "History", "Schemas", "Queries", "Workloads",
        "Backbones", "Engines",
      ]),
    tests("FaultsTests", ["Model", "Draws", "Scenarios", "Faults"]),
    tests("HistoryTests", ["Model", "Bytes", "Draws", "History", "CShim"]),
    tests("StatisticsTests", ["Model", "Draws", "Statistics"]),
    tests(
      "HarnessTests",
      [
        "Model", "Bytes", "Draws", "Scenarios", "Scheduling", "History", "Workloads", "Faults",
        "Backbones", "Verification", "Statistics", "Engines", "Harness", "CShim",
      ]),
    tests("DrawsTests", ["Draws"]),
    tests(
      "TracesTests",
      [
        "Model", "Bytes", "Draws", "Queries", "Schemas", "Scenarios", "Workloads", "Traces",
        "CShim",
      ]),
    tests("FuzzingTests", ["Model", "Bytes", "CShim", "History", "Scenarios", "Traces"]),
    tests("SchemasTests", ["Model", "Bytes", "Draws", "Queries", "Schemas"]),
    tests(
      "WorkloadsTests",
      ["Model", "Bytes", "Draws", "Queries", "Schemas", "Scenarios", "Workloads"]),
    tests("ReportingTests", ["Model", "Statistics", "Reporting", "CZlib"]),
    tests("ScenariosTests", ["Model", "Bytes", "Draws", "Scenarios", "CShim"]),
    tests(
      "VerificationTests",
      [
        "Verification", "Model", "Bytes", "Draws", "History", "Scenarios", "Schemas", "Queries",
        "Workloads", "Engines",
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

// The program of Fuzzing/run, whose entry point is that of libFuzzer.
if Context.environment["WEIR_FUZZ_BUILD"] != nil {
  package.targets.append(
    .executableTarget(
      name: "Fuzz", dependencies: ["Model", "Bytes", "CShim", "History", "Scenarios", "Traces"],
      path: "Fuzzing/Sources",
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library", "-sanitize=fuzzer"])],
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])]))
}
