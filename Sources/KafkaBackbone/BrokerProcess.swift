import CShim
import Glibc

/// Another process on this machine, known by its number and by when it started: numbers are used
/// again.
package struct ProcessIdentity: Hashable, Sendable {
  package var number: Int32
  /// Clock ticks since the machine started.
  package var start: UInt64

  /// The process of that number as it is now; nil when there is none.
  package init?(of number: Int32) {
    guard let fields = processFields(number), fields.count > 21, let start = UInt64(fields[21])
    else { return nil }
    self.number = number
    self.start = start
  }

  package init(number: Int32, start: UInt64) {
    self.number = number
    self.start = start
  }

  /// True while it is there, and not just waiting to be taken note of.
  package var isAlive: Bool {
    guard let fields = processFields(number), fields.count > 21 else { return false }
    return UInt64(fields[21]) == start && fields[2] != "Z"
  }

  /// True when the words of its command line hold this one.
  func wasStarted(with word: String) -> Bool {
    guard let line = readFile("/proc/\(number)/cmdline") else { return false }
    return line.split(separator: 0).contains { $0.elementsEqual(word.utf8) }
  }

  /// True while it is stopped by a signal.
  var isStopped: Bool { processFields(number).map { $0.count > 2 && $0[2] == "T" } ?? false }

  /// CPU nanoseconds that it has used.
  var cpu: Int64 {
    guard let fields = processFields(number), fields.count > 14, let user = Int64(fields[13]),
      let system = Int64(fields[14])
    else { return 0 }
    let ticks = Int64(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    return (user + system) * (1_000_000_000 / ticks)
  }
}

/// Fields of `/proc/NUMBER/stat` from 0; the name, which may hold blanks, is one of them.
private func processFields(_ number: Int32) -> [String]? {
  guard let bytes = readFile("/proc/\(number)/stat"),
    let open = bytes.firstIndex(of: UInt8(ascii: "(")),
    let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
  else { return nil }
  let rest = String(decoding: bytes[(close + 1)...], as: UTF8.self)
  return [String(number), String(decoding: bytes[(open + 1)..<close], as: UTF8.self)]
    + rest.split { $0 == " " || $0 == "\n" }.map(String.init)
}

/// The bytes of a small file; nil when it cannot be read.
func readFile(_ path: String) -> [UInt8]? {
  let file = shim_open_file(path)
  if file < 0 { return nil }
  defer { shim_close(file) }
  var bytes: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = shim_read_some(file, &part, part.count)
    if count < 0 { return nil }
    if count == 0 { return bytes }
    bytes += part[..<count]
    if bytes.count > 1 << 24 { return nil }
  }
}

/// Writes a small file anew.
func writeFile(_ path: String, _ text: String) throws(KafkaProblem) {
  let file = shim_create_file(path, 0)
  let bytes = Array(text.utf8)
  let code = file < 0 ? file : shim_write_all(file, bytes, bytes.count)
  if file >= 0 { shim_close(file) }
  if code < 0 {
    throw KafkaProblem("\(path) cannot be written: \(String(cString: shim_error_text(-code)))")
  }
}

/// Makes a folder and those above it.
func makeFolder(_ path: String) throws(KafkaProblem) {
  var made = path.hasPrefix("/") ? "/" : ""
  for part in path.split(separator: "/") {
    made += made.isEmpty || made.hasSuffix("/") ? String(part) : "/\(part)"
    if mkdir(made, 0o755) != 0 && errno != EEXIST {
      throw KafkaProblem("folder \(made) cannot be made: \(String(cString: strerror(errno)))")
    }
  }
}

/// Names in a folder, sorted; none when it cannot be read.
func folderNames(_ path: String) -> [String] {
  guard let folder = opendir(path) else { return [] }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// Removes a file, or a folder with all that is in it; links are not followed.
func removeTree(_ path: String) {
  var status = stat()
  if lstat(path, &status) != 0 { return }
  if status.st_mode & S_IFMT == S_IFDIR {
    for name in folderNames(path) { removeTree("\(path)/\(name)") }
    rmdir(path)
  } else {
    unlink(path)
  }
}
