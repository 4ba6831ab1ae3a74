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
  package func wasStarted(with word: String) -> Bool {
    guard let line = readFile("/proc/\(number)/cmdline") else { return false }
    return line.split(separator: 0).contains { $0.elementsEqual(word.utf8) }
  }

  /// True while it is stopped by a signal.
  package var isStopped: Bool {
    processFields(number).map { $0.count > 2 && $0[2] == "T" } ?? false
  }

  /// CPU nanoseconds that it has used.
  package var cpu: Int64 {
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
