import CShim
import Glibc

/// Why a process or a file that belongs to one cannot be had, in words for the user.
package struct ProcessProblem: Error, Hashable, Sendable {
  package var message: String

  package init(_ message: String) { self.message = message }
}

/// The bytes of a small file; nil when it cannot be read.
package func readFile(_ path: String) -> [UInt8]? {
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
package func writeFile(_ path: String, _ text: String) throws(ProcessProblem) {
  let file = shim_create_file(path, 0)
  let bytes = Array(text.utf8)
  let code = file < 0 ? file : shim_write_all(file, bytes, bytes.count)
  if file >= 0 { shim_close(file) }
  if code < 0 {
    throw ProcessProblem("\(path) cannot be written: \(String(cString: shim_error_text(-code)))")
  }
}

/// Makes a folder and those above it.
package func makeFolder(_ path: String) throws(ProcessProblem) {
  var made = path.hasPrefix("/") ? "/" : ""
  for part in path.split(separator: "/") {
    made += made.isEmpty || made.hasSuffix("/") ? String(part) : "/\(part)"
    if mkdir(made, 0o755) != 0 && errno != EEXIST {
      throw ProcessProblem("folder \(made) cannot be made: \(String(cString: strerror(errno)))")
    }
  }
}

/// Names in a folder, sorted; none when it cannot be read.
package func folderNames(_ path: String) -> [String] {
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
package func removeTree(_ path: String) {
  var status = stat()
  if lstat(path, &status) != 0 { return }
  if status.st_mode & S_IFMT == S_IFDIR {
    for name in folderNames(path) { removeTree("\(path)/\(name)") }
    rmdir(path)
  } else {
    unlink(path)
  }
}
