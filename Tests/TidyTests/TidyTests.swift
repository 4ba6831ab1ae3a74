import Foundation
import Testing

/// House rules that a compiler does not know. A rule that no file can break is tested on a line
/// that does.
@Suite struct TidyTests {
  /// What each module may import of this package: the floors, from the ground up. One table; the
  /// package manifest must not allow more.
  static let floors: [(module: String, floor: Int)] = [
    ("Model", 0), ("Bytes", 0), ("Draws", 0),
    ("Scenarios", 1), ("Scheduling", 1), ("History", 1), ("Schemas", 1), ("Queries", 1),
    ("Processes", 1),
    ("Workloads", 2), ("Traces", 2), ("Faults", 2), ("Backbones", 2),
    ("Verification", 3), ("Statistics", 3), ("Engines", 3),
    ("Harness", 4), ("Reporting", 4), ("Conformance", 4), ("KafkaBackbone", 4),
    ("ExternalEngine", 4),
    ("Commands", 5), ("weir", 5),
  ]
  /// C libraries and the modules that may import them. `weir` asks them for their versions.
  static let libraries = [
    "CZstd": ["Traces", "weir"], "CXXHash": ["Bytes", "weir"], "CYaml": ["Scenarios", "weir"],
    "CZlib": ["Reporting", "Traces", "weir"], "CRdKafka": ["KafkaBackbone"],
  ]
  /// The judges and the renderer know no system, and no system knows the judges.
  static let forbidden = [
    "Verification": ["Backbones", "Engines", "Faults", "Harness"],
    "Reporting": ["Backbones", "Engines", "Workloads", "Harness"],
    "Engines": ["Verification"], "Backbones": ["Engines", "Verification"],
  ]
  /// Modules that may touch files or sockets through the shim.
  static let shim = [
    "Scheduling", "Processes", "History", "Traces", "Harness", "Reporting", "KafkaBackbone",
    "ExternalEngine", "weir",
  ]
  /// Modules beside the roof that may call the system itself: live adapters.
  static let adapters = ["Processes", "KafkaBackbone", "ExternalEngine"]
  static let system = ["Foundation", "FoundationEssentials", "Dispatch", "Glibc"]

  static let banned: [(call: String, instead: String, except: [String])] = [
    ("Date()", "an instant that comes in", []),
    ("UUID()", "a name derived from the seed", []),
    (".random(", "a draw of a DrawStream", []),
    (".shuffled(", "a draw of a DrawStream", []),
    (".randomElement(", "a draw of a DrawStream", []),
    ("Clock.now", "an instant that comes in", []),
    ("Task.sleep", "the pacer", []),
    ("print(", "a result or an error; printing is the roof's", ["weir"]),
    ("try?", "a typed error that is handled", []),
    ("try!", "a typed error that is handled", []),
    ("fatalError(", "an error, or a precondition with its rule", []),
    ("DispatchQueue", "the one loop", []),
    ("exit(", "an exit code that is returned", ["weir"]),
  ]

  /// True when a banned call stands in the line, and not as the tail of a longer name.
  static func uses(_ call: String, in line: String) -> Bool {
    if !line.contains(call) { return false }
    let text = code(of: line)
    var from = text.startIndex
    while let range = text.range(of: call, range: from..<text.endIndex) {
      let before =
        range.lowerBound == text.startIndex
        ? nil : text[text.index(before: range.lowerBound)]
      let isWord = call.first?.isLetter == true
      let joined = before.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." } ?? false
      if !(isWord && joined && call != "Clock.now") && !text.contains("func \(call)") {
        return true
      }
      from = range.upperBound
    }
    return false
  }

  @Test func `imports point down`() throws {
    let floor = Dictionary(uniqueKeysWithValues: Self.floors.map { ($0.module, $0.floor) })
    let inner: Set = ["Model", "CShim"]
    var seen: Set<String> = []
    for file in try SourceTree.swift("Sources") {
      guard let mine = floor[file.module] else {
        Issue.record("\(file.path): module \(file.module) stands on no floor; add it to the table")
        continue
      }
      seen.insert(file.module)
      for (number, line) in file.lines.enumerated() {
        let words = line.split(separator: " ").filter { !$0.hasPrefix("@") && $0 != "public" }
        guard words.first == "import", words.count >= 2 else { continue }
        let name = String(words[1])
        let place = "\(file.path):\(number + 1): import \(name)"
        if let other = floor[name] {
          #expect(other <= mine, "\(place): on a higher floor")
          if Self.forbidden[file.module]?.contains(name) == true { Issue.record("\(place)") }
        } else if let owners = Self.libraries[name] {
          #expect(owners.contains(file.module), "\(place): only \(owners)")
        } else if name == "CShim" {
          #expect(Self.shim.contains(file.module), "\(place): only \(Self.shim)")
        } else if Self.system.contains(name) {
          let allowed = file.module == "weir" || Self.adapters.contains(file.module)
          #expect(allowed && name == "Glibc", "\(place): not below the roof")
        } else if !inner.contains(name) && name != "Synchronization" {
          Issue.record("\(place): unknown")
        }
      }
    }
    #expect(seen.contains("Model") && seen.contains("weir"))
  }

  @Test func `banned calls are absent`() throws {
    for file in try SourceTree.swift("Sources") {
      for (number, line) in file.lines.enumerated() {
        for rule in Self.banned where Self.uses(rule.call, in: line) {
          if rule.except.contains(file.module) { continue }
          Issue.record("\(file.path):\(number + 1): \(rule.call) is banned: \(rule.instead)")
        }
      }
    }
  }

  @Test func `the rule for banned calls finds what it bans`() {
    for rule in Self.banned {
      #expect(Self.uses(rule.call, in: "  let x = \(rule.call) y"), "\(rule)")
    }
    #expect(Self.uses("Clock.now", in: "ContinuousClock.now"))
    #expect(!Self.uses("print(", in: "let a = fingerprint(b)"))
    #expect(!Self.uses("try?", in: "// never try? here"))
    #expect(!Self.uses("print(", in: "let a = \"print(b)\""))
  }

  @Test func `files, lines and functions are short`() throws {
    for file in try SourceTree.swift("Sources") + SourceTree.swift("Tests") {
      let count = file.lines.count - 1
      #expect(count <= 400, "\(file.path) has \(count) lines; two ideas are two files")
      for (number, line) in file.lines.enumerated() where line.count > 100 {
        Issue.record("\(file.path):\(number + 1): \(line.count) columns, at most 100")
      }
      if file.path.hasPrefix("Tests") { continue }
      for function in functions(in: file.lines) where function.length > 60 {
        Issue.record("\(file.path):\(function.line): a function of \(function.length) lines")
      }
    }
  }

  @Test func `protocols ask for at most five things`() throws {
    for file in try SourceTree.swift("Sources") {
      for found in protocols(in: file.lines) where found.requirements > 5 {
        Issue.record("\(file.path):\(found.line): \(found.requirements) requirements, at most 5")
      }
    }
    let wide = ["protocol P {"] + (1...6).map { "  func f\($0)()" } + ["}"]
    #expect(protocols(in: wide).first?.requirements == 6)
  }

  @Test func `nothing is left to do and nothing names a machine`() throws {
    let marks = ["TO" + "DO", "FIX" + "ME", "// MA" + "RK"]
    let places = ["/wo" + "rk/", "/ho" + "me/", "/ro" + "ot/"]
    let suffixes = [".swift", ".c", ".h", ".md", ".sh", ".yaml", "weir", "check", "run"]
    for folder in ["Sources", "Tests", "scenarios", "datasets", "docs", "scripts", ".ci"] {
      for file in try SourceTree.files(in: folder, suffixes) {
        for (number, line) in file.lines.enumerated() {
          for mark in marks where line.contains(mark) {
            Issue.record("\(file.path):\(number + 1): \(mark)")
          }
          for place in places where line.contains(place) {
            Issue.record("\(file.path):\(number + 1): a path of one machine: \(place)")
          }
        }
      }
    }
  }

  @Test func `relative links in documents lead somewhere`() throws {
    var count = 0
    for file in try SourceTree.files(in: ".", [".md"]) {
      let folder = SourceTree.root.appendingPathComponent(file.path).deletingLastPathComponent()
      for (number, line) in file.lines.enumerated() {
        for target in links(in: line) where !target.contains("://") && !target.hasPrefix("#") {
          count += 1
          let path = target.split(separator: "#")[0].removingPercentEncoding ?? target
          let there = FileManager.default.fileExists(
            atPath: folder.appendingPathComponent(path).path)
          #expect(there, "\(file.path):\(number + 1): no \(target)")
        }
      }
    }
    #expect(count > 0)
    #expect(links(in: "see [a](b.md) and ![c](d/e.png)") == ["b.md", "d/e.png"])
  }

  @Test func `documents that a newcomer looks for are there`() throws {
    let names = [
      "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "GLOSSARY.md", "CHANGELOG.md", "LICENSE",
    ]
    for name in names {
      let path = SourceTree.root.appendingPathComponent(name).path
      #expect(FileManager.default.fileExists(atPath: path), "\(name)")
    }
  }

  /// Targets of Markdown links.
  func links(in line: String) -> [String] {
    line.components(separatedBy: "](").dropFirst().compactMap { part in
      part.firstIndex(of: ")").map { String(part[..<$0]) }
    }
  }

  /// First line and length of every function, initialiser and test, by indentation.
  func functions(in lines: [String]) -> [(line: Int, length: Int)] {
    var out: [(Int, Int)] = []
    for (number, line) in lines.enumerated() {
      let text = code(of: line)
      let words = text.split(separator: " ")
      guard words.contains("func") || words.contains(where: { $0.hasPrefix("init(") }) else {
        continue
      }
      let indent = line.prefix { $0 == " " }.count
      guard
        let end = lines[number...].firstIndex(where: {
          $0.prefix { $0 == " " }.count == indent && $0.dropFirst(indent).hasPrefix("}")
        })
      else { continue }
      // A one-line function has its brace on the same line; the next brace is not its own.
      if text.hasSuffix("}") || !lines[number...end].contains(where: { $0.hasSuffix("{") }) {
        continue
      }
      out.append((number + 1, end - number + 1))
    }
    return out
  }

  func protocols(in lines: [String]) -> [(line: Int, requirements: Int)] {
    var out: [(Int, Int)] = []
    for (number, line) in lines.enumerated() {
      let text = code(of: line)
      guard text.split(separator: " ").contains("protocol"), text.hasSuffix("{") else { continue }
      var count = 0
      for body in lines[(number + 1)...] {
        if body.hasPrefix("}") { break }
        let words = code(of: body).split(separator: " ")
        if words.contains(where: { ["func", "var", "subscript"].contains($0) })
          || words.first?.hasPrefix("init(") == true
        {
          count += 1
        }
      }
      out.append((number + 1, count))
    }
    return out
  }
}
