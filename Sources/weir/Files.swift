import Bytes
import CShim
import Glibc
import Model

/// The few things that the command line does with files. Every failure says which file and why.
enum Files {
  enum Kind { case missing, file, folder }

  static func kind(_ path: String) -> Kind {
    var status = stat()
    if stat(path, &status) != 0 { return .missing }
    return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }

  /// Names in a folder, sorted; empty when there is no such folder.
  static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var out: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { out.append(name) }
    }
    return out.sorted()
  }

  /// The whole of a file, at most `limit` bytes.
  static func read(_ path: String, limit: Int = 1 << 30) throws(Problems) -> [UInt8] {
    if kind(path) == .folder { throw failure("\(path) is a folder, a file is wanted") }
    let descriptor = shim_open_file(path)
    if descriptor < 0 { throw failure("\(path) cannot be read: \(reason(-descriptor))") }
    defer { shim_close(descriptor) }
    var out: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = chunk.withUnsafeMutableBytes {
        shim_read_some(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 { throw failure("\(path) cannot be read: \(reason(Int32(-count)))") }
      if count == 0 { return out }
      out.append(contentsOf: chunk[..<count])
      if out.count > limit { throw failure("\(path) is larger than \(limit) bytes") }
    }
  }

  /// Text of a file that must be UTF-8.
  static func text(_ path: String, limit: Int = 1 << 30) throws(Problems) -> String {
    guard let text = String(validating: try read(path, limit: limit), as: UTF8.self) else {
      throw failure("\(path) is not UTF-8 text")
    }
    return text
  }

  /// Writes a file in a folder that is not yet under its final name.
  static func write(_ bytes: [UInt8], to path: String) throws(Problems) {
    let descriptor = shim_create_file(path, 0)
    if descriptor < 0 { throw failure("\(path) cannot be written: \(reason(-descriptor))") }
    let status = bytes.withUnsafeBytes { shim_write_all(descriptor, $0.baseAddress, $0.count) }
    shim_close(descriptor)
    if status < 0 {
      unlink(path)
      throw failure("\(path) cannot be written: \(reason(-status))")
    }
  }

  /// Copies a file in pieces.
  static func copy(_ path: String, to target: String) throws(Problems) {
    let source = shim_open_file(path)
    if source < 0 { throw failure("\(path) cannot be read: \(reason(-source))") }
    defer { shim_close(source) }
    let copy = shim_create_file(target, 0)
    if copy < 0 { throw failure("\(target) cannot be written: \(reason(-copy))") }
    defer { shim_close(copy) }
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = chunk.withUnsafeMutableBytes { shim_read_some(source, $0.baseAddress, $0.count) }
      if count < 0 { throw failure("\(path) cannot be read: \(reason(Int32(-count)))") }
      if count == 0 { return }
      let status = chunk.withUnsafeBytes { shim_write_all(copy, $0.baseAddress, count) }
      if status < 0 { throw failure("\(target) cannot be written: \(reason(-status))") }
    }
  }

  /// Makes a folder and those above it.
  static func makeFolder(_ path: String) throws(Problems) {
    if kind(path) == .folder { return }
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolder(String(path[..<slash]))
    }
    if mkdir(path, 0o755) != 0 && kind(path) != .folder {
      throw failure("the folder \(path) cannot be made: \(reason(errno))")
    }
  }

  static func move(_ path: String, to target: String) throws(Problems) {
    if rename(path, target) != 0 {
      throw failure("\(path) cannot be renamed to \(target): \(reason(errno))")
    }
  }

  /// Removes a file or a folder with all that is in it; what cannot be removed stays.
  static func removeTree(_ path: String) {
    var status = stat()
    if lstat(path, &status) != 0 { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      for name in names(in: path) { removeTree("\(path)/\(name)") }
      rmdir(path)
    } else {
      unlink(path)
    }
  }

  /// The real path with links resolved, nil when there is nothing there.
  static func realPath(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  static func reason(_ number: Int32) -> String { String(cString: shim_error_text(number)) }

  /// The folder part of a path; "." without one.
  static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path.
  static func lastPart(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
