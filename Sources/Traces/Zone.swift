/// How far the clocks of a place are from UTC, over time.
struct Zone: Hashable, Sendable {
  /// From an instant on, so many seconds east of UTC.
  struct Change: Hashable, Sendable {
    var at: Int64
    var offset: Int64
  }

  /// Seconds east of UTC before the first change.
  var first: Int64
  /// In order of time.
  var changes: [Change] = []

  static let utc = Zone(first: 0)

  /// Seconds east of UTC at an instant, in seconds since 1970.
  func offset(at instant: Int64) -> Int64 {
    let next = place(after: instant)
    return next == 0 ? first : changes[next - 1].offset
  }

  /// The first change that is later.
  private func place(after instant: Int64) -> Int {
    var low = 0
    var high = changes.count
    while low < high {
      let middle = (low + high) / 2
      if changes[middle].at <= instant { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The instant at which clocks showed a local time, both in seconds since 1970. Where they showed
  /// it twice it is the earlier one; nil where they skipped it.
  func instant(ofLocal local: Int64) -> Int64? {
    if changes.isEmpty { return local - first }
    // No offset is larger than a day and two hours, so one of these changes is in force.
    let day: Int64 = 26 * 3_600
    var next = place(after: local - day)
    var offset = next == 0 ? first : changes[next - 1].offset
    while true {
      let instant = local - offset
      let end = next < changes.count ? changes[next].at : .max
      let start = next == 0 ? .min : changes[next - 1].at
      if instant < end { return instant >= start ? instant : nil }
      if end > local + day { return nil }
      offset = changes[next].offset
      next += 1
    }
  }
}

/// What a zone's name stands for in the tables of the system.
enum ZoneTables {
  /// Where systems keep them.
  static let folder = "/usr/share/zoneinfo"
  /// No table is larger.
  private static let largest = 1 << 20

  /// Whether a name such as `Europe/London` may be looked up: nothing that leaves the folder.
  static func isName(_ name: String) -> Bool {
    let letters = name.utf8.allSatisfy { byte in
      (0x41...0x5A).contains(byte & 0xDF) || (0x30...0x39).contains(byte)
        || "_+-/".utf8.contains(byte)
    }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return letters && name.utf8.count <= 64 && parts.allSatisfy { !$0.isEmpty }
  }

  /// The table of a name; the text of the error says why there is none.
  static func find(_ name: String, in folder: String = folder) throws(ZoneError) -> Zone {
    if !isName(name) { throw ZoneError(text: "is no name of a zone") }
    var bytes: [UInt8] = []
    do throws(TraceError) {
      let stream = try ByteStream("\(folder)/\(name)")
      let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 12)
      defer { room.deallocate() }
      while bytes.count <= largest {
        let n = try stream.read(into: room, count: 1 << 12)
        if n == 0 { break }
        bytes += UnsafeBufferPointer(start: room, count: n)
      }
    } catch {
      throw ZoneError(text: "is not among the zones of \(folder)")
    }
    do throws(ZoneError) {
      return try parseZone(bytes)
    } catch {
      throw ZoneError(text: "has no usable table: \(folder)/\(name) \(error.text)")
    }
  }
}

/// Why there is no zone.
struct ZoneError: Error, Hashable {
  /// Goes on after the name of what is meant.
  var text: String
}
