import Foundation

/// The files of the checkout as the tidy test reads them.
struct SourceFile {
  /// From the checkout, such as "Sources/Model/Instant.swift".
  var path: String
  var lines: [String]

  /// The module or test target: the second part of the path.
  var module: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
}

enum SourceTree {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Files below a folder with one of the suffixes, sorted by path.
  static func files(in folder: String, _ suffixes: [String]) throws -> [SourceFile] {
    let base = root.appendingPathComponent(folder).standardizedFileURL
    guard let walk = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
    else {
      return []
    }
    var out: [SourceFile] = []
    for case let file as URL in walk {
      let path = String(file.standardizedFileURL.path.dropFirst(root.path.count + 1))
      if path.split(separator: "/").contains(where: { $0.hasPrefix(".") && $0 != ".ci" }) {
        walk.skipDescendants()
        continue
      }
      if !suffixes.contains(where: path.hasSuffix) || file.hasDirectoryPath { continue }
      let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
      out.append(SourceFile(path: path, lines: text.components(separatedBy: "\n")))
    }
    return out.sorted { $0.path < $1.path }
  }

  static func swift(_ folder: String) throws -> [SourceFile] { try files(in: folder, [".swift"]) }
}

/// A line without string literals and comments, so that words in them are not taken for code.
func code(of line: String) -> String {
  var out = ""
  var inString = false
  var previous: Character = " "
  for character in line {
    if !inString && character == "/" && previous == "/" {
      out.removeLast()
      return out
    }
    if character == "\"" && previous != "\\" {
      inString.toggle()
      out.append("\"")
    } else if !inString {
      out.append(character)
    }
    previous = previous == "\\" && character == "\\" ? " " : character
  }
  return out
}
