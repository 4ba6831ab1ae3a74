import CShim
import Commands
import Glibc
import Model

/// A process that was started, and what came of it.
struct ChildProcess {
  var code: Int32
  var output: String
  var errors: String
  /// Greatest resident size in bytes, as the kernel counted it.
  var peakMemory: UInt64
  /// CPU nanoseconds of its threads.
  var cpu: Int64

  /// Runs a program to its end, without a shell.
  static func run(_ line: [String]) throws(Problems) -> ChildProcess {
    let folder = Files.realPath(variable("TMPDIR") ?? "/tmp") ?? "/tmp"
    let base = "\(folder)/weir-\(getpid())-\(shim_monotonic_ns())"
    let (out, err) = (base + ".out", base + ".err")
    defer {
      unlink(out)
      unlink(err)
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, out, O_CREAT | O_EXCL | O_WRONLY, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, err, O_CREAT | O_EXCL | O_WRONLY, 0o600)
    var arguments: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    let path = line[0] == "/proc/self/exe" ? Files.realPath(line[0]) ?? line[0] : line[0]
    let status = posix_spawn(&child, path, &actions, nil, &arguments, shim_environment())
    if status != 0 { throw failure("\(path) cannot be started: \(Files.reason(status))") }
    var result: Int32 = 0
    var used = rusage()
    while wait4(child, &result, 0, &used) < 0 && errno == EINTR {}
    let code = result & 0x7f == 0 ? result >> 8 & 0xff : 128 + result & 0x7f
    return ChildProcess(
      code: code, output: try Files.text(out), errors: try Files.text(err),
      peakMemory: UInt64(max(used.ru_maxrss, 0)) * 1024,
      cpu: nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime))
  }

  private static func nanoseconds(_ time: timeval) -> Int64 {
    Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1_000
  }
}
