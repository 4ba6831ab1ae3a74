import CShim
import CXXHash
import CYaml
import CZlib
import CZstd
import Commands
import Glibc
import KafkaBackbone
import Model
import Scenarios

/// What the doctor says about one part.
struct Finding {
  enum State: String { case ok, missing, broken, later }
  var name: String
  var state: State
  /// Versions and places, or what is wrong.
  var text: String
  /// What to do when it is not ok.
  var fix: String?
}

extension Session {
  func doctor() throws(Problems) -> ExitCode {
    let findings = [
      Finding(name: "swift", swift: ()), Finding(libraries: ()), Finding(java: ()),
      Finding(kafka: ()),
      Finding(
        name: "others", state: .later,
        text: "rabbitmq, kinesis, pubsub, flink and spark are not in this version"),
    ]
    let needs = invocation.values("need")
    let known = findings.dropLast().map(\.name)
    for need in needs where !known.contains(need) {
      if ["rabbitmq", "kinesis", "pubsub", "flink", "spark"].contains(need) { continue }
      var text = "--need: no system '\(need)'"
      if let near = nearestName(to: need, in: known) { text += "; did you mean '\(near)'?" }
      throw failure("\(text)  One of: \(known.joined(separator: " "))")
    }
    let lacking = needs.map { need in
      findings.first { $0.name == need }
        ?? Finding(name: need, state: .later, text: "\(need) is not in this version")
    }.filter { $0.state != .ok }
    let libraries = findings.contains { $0.name == "libraries" && $0.state != .ok }
    let code: ExitCode = lacking.isEmpty && !libraries ? .holds : .unavailable
    let machine = Machine()
    if console.json {
      console.document(document(findings, machine, code))
    } else if !console.quiet {
      console.result(text(findings, machine, ready: !libraries))
    }
    for finding in lacking {
      let fix = finding.fix.map { ": \($0)" } ?? ""
      let problem = Problem(
        file: "weir", message: "\(finding.name) cannot be used (\(finding.text))\(fix)")
      console.diagnostic(
        ProblemText.render(
          Problems([problem]), program: "weir", color: console.colorErrors))
    }
    return code
  }

  private func text(_ findings: [Finding], _ machine: Machine, ready: Bool) -> String {
    var out = padded("weir", 12) + "\(weirVersion), \(Machine.build) build\n"
    out += padded("machine", 12) + machine.text + "\n"
    for finding in findings {
      out += padded(finding.name, 12) + padded(finding.state.rawValue, 10) + finding.text + "\n"
      if let fix = finding.fix, finding.state != .ok {
        out += spacesBefore(padded("to fix", 10) + fix) + "\n"
      }
    }
    out += ready ? "READY for \(Self.readiness)\n" : "NOT READY: libraries are missing\n"
    return out
  }

  private static let readiness =
    "every run of this version: the models, in virtual and in wall time. No server is needed."

  private func spacesBefore(_ text: String) -> String { padded("", 12) + text }

  private func document(_ findings: [Finding], _ machine: Machine, _ code: ExitCode) -> JSONValue {
    .object([
      ("schema", .string("weir-doctor/1")),
      ("exit_code", .integer(Int64(code.rawValue))),
      ("version", .string(weirVersion)),
      ("build", .string(Machine.build)),
      ("machine", machine.document),
      (
        "parts",
        .array(
          findings.map {
            .object([
              ("name", .string($0.name)), ("state", .string($0.state.rawValue)),
              ("text", .string($0.text)), ("fix", $0.fix.map { .string($0) } ?? .null),
            ])
          })
      ),
    ])
  }
}

extension Finding {
  init(name: String, swift: Void) {
    self.name = name
    guard let path = Machine.program("swift"), let line = Machine.firstLine(of: "swift --version")
    else {
      state = .missing
      text = "not in PATH; only needed to build"
      fix = "https://www.swift.org/install/linux/"
      return
    }
    state = .ok
    text = "\(versionNumber(in: line) ?? line) in \(path)"
  }

  init(libraries: Void) {
    name = "libraries"
    state = .ok
    let xxhash = XXH_versionNumber()
    let versions = [
      "zstd \(String(cString: ZSTD_versionString()))", "zlib \(String(cString: zlibVersion()))",
      "yaml \(String(cString: yaml_get_version_string()))",
      "xxhash \(xxhash / 10_000).\(xxhash / 100 % 100).\(xxhash % 100)",
      "rdkafka \(clientLibraryVersion)",
    ]
    text = versions.joined(separator: ", ")
  }

  init(java: Void) {
    name = "java"
    let home =
      variable("JAVA_HOME")
      ?? Machine.program("java").map {
        Files.parent(Files.parent($0))
      }
    guard let home, Files.kind("\(home)/bin/java") == .file else {
      state = .missing
      text = "not in JAVA_HOME nor PATH; only needed to launch Kafka"
      fix = "apt-get install -y default-jre-headless"
      return
    }
    state = .ok
    text = "\(Self.javaVersion(home) ?? "version unknown") in \(home)"
  }

  private static func javaVersion(_ home: String) -> String? {
    do {
      let rows = try Files.text("\(home)/release", limit: 1 << 16).split(separator: "\n")
      return rows.first { $0.hasPrefix("JAVA_VERSION=") }.map {
        $0.dropFirst("JAVA_VERSION=".count).filter { $0 != "\"" }
      }
    } catch {
      return nil
    }
  }

  init(kafka: Void) {
    name = "kafka"
    let looked = KafkaSystem.places.map { "\($0.origin) (\($0.place ?? "not set"))" }
    guard let home = KafkaSystem.installation?.home else {
      state = .missing
      text = "none in \(looked.joined(separator: ", ")); only needed to launch brokers"
      fix = "set KAFKA_HOME to an unpacked Apache Kafka: https://kafka.apache.org/downloads"
      return
    }
    text = "\(KafkaSystem.version(in: home) ?? "version unknown") in \(home)"
    if Finding(java: ()).state == .ok {
      state = .ok
    } else {
      state = .broken
      text += ", but it needs Java"
      fix = "apt-get install -y default-jre-headless"
    }
  }
}

/// The first word that begins with a digit.
private func versionNumber(in text: String) -> String? {
  text.split(separator: " ").first { $0.first?.isNumber == true && $0.contains(".") }
    .map(String.init)
}
