import CShim
import Commands
import Glibc
import Model
import Statistics

/// The computer that this runs on.
struct Machine {
  var cores = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  var memory = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
  /// Free bytes of the file system of the current folder.
  var free: Int64
  /// Nanoseconds that one reading of the monotonic clock takes.
  var clockReading: Int64
  /// Median nanoseconds of a flush of 4 KiB in the current folder; nil when it cannot be written.
  var flush: Int64?

  init() {
    var status = statvfs()
    free = statvfs(".", &status) == 0 ? Int64(status.f_bavail) * Int64(status.f_frsize) : 0
    let readings: UInt64 = 10_000
    let start = shim_monotonic_ns()
    var last = start
    for _ in 0..<readings { last = shim_monotonic_ns() }
    clockReading = Int64((last - start) / readings)
    flush = Self.measureFlush()
  }

  private static func measureFlush() -> Int64? {
    let path = ".weir-doctor-\(getpid())"
    let descriptor = shim_create_file(path, 1)
    if descriptor < 0 { return nil }
    unlink(path)
    defer { shim_close(descriptor) }
    let page = [UInt8](repeating: 0x57, count: 4096)
    var times: [UInt64] = []
    for _ in 0..<9 {
      let start = shim_monotonic_ns()
      let written = page.withUnsafeBytes { shim_write_all(descriptor, $0.baseAddress, $0.count) }
      if written < 0 || shim_sync(descriptor) < 0 { return nil }
      times.append(shim_monotonic_ns() - start)
    }
    return Int64(times.sorted()[4])
  }

  var text: String {
    let disk =
      flush.map { "fdatasync \(NumberStyle.plain.duration($0))" }
      ?? "the current folder cannot be written"
    let style = NumberStyle.plain
    let memory = style.bytes(UInt64(max(memory, 0)))
    let free = style.bytes(UInt64(max(free, 0)))
    return "\(cores) core\(cores == 1 ? "" : "s"), \(memory) memory, \(free) free in .; "
      + "monotonic clock \(clockReading) ns a reading; \(disk)"
  }

  var document: JSONValue {
    .object([
      ("cores", .integer(Int64(cores))), ("memory_bytes", .integer(memory)),
      ("free_bytes", .integer(free)), ("clock_reading_ns", .integer(clockReading)),
      ("fdatasync_ns", flush.map { .integer($0) } ?? .null),
    ])
  }

  static var build: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }

  /// Real path of a program in PATH, nil when there is none.
  static func program(_ name: String) -> String? {
    for folder in (variable("PATH") ?? "").split(separator: ":") {
      let path = "\(folder)/\(name)"
      if access(path, X_OK) == 0 { return Files.realPath(path) }
    }
    return nil
  }

  /// The first line that a command prints; nil when it fails.
  static func firstLine(of command: String) -> String? {
    guard let pipe = popen("\(command) 2>/dev/null", "r") else { return nil }
    var buffer = [CChar](repeating: 0, count: 512)
    let read = fgets(&buffer, Int32(buffer.count), pipe) != nil
    while fgetc(pipe) != EOF {}
    let status = pclose(pipe)
    if !read || status != 0 { return nil }
    let text = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    return text.split(separator: "\n").first.map(String.init)
  }
}

extension Machine {
  /// Load average of the last minute, as the kernel prints it.
  static var load: String {
    do {
      return try Files.text("/proc/loadavg", limit: 1 << 10).split(separator: " ").first.map(
        String.init) ?? "unknown"
    } catch {
      return "unknown"
    }
  }
}
