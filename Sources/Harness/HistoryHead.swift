import Bytes
import History
import Model

/// What must be known of a history before it can be judged.
struct HistoryHead {
  var version = ""
  var scenario = ""
  var clock = ""
  /// When the load ended, if that was before its time: the run was interrupted.
  var loadEndedAt: Instant?
  var interruptedAt: Instant?

  static func read(_ path: String) throws(RunFailure) -> HistoryHead {
    var head: HistoryHead?
    do throws(HistoryError) {
      _ = try HistoryFile.read(path) { bytes, first, startAt in
        head = parse(bytes, first, startAt)
        return false
      }
    } catch {
      throw .history(error.message)
    }
    guard var head else {
      throw .history("\(path) does not say which scenario it is of: its first block is not whole")
    }
    try head.findInterrupt(path)
    return head
  }

  private static func parse(
    _ bytes: UnsafeRawBufferPointer, _ first: UInt64, _ startAt: Instant
  ) -> HistoryHead? {
    var cursor = EntryCursor(bytes, firstEntry: first, startAt: startAt)
    do throws(DecodingError) {
      guard try cursor.next() == .runBegan else { return nil }
      var head = HistoryHead()
      head.version = try cursor.text()
      head.scenario = try cursor.text()
      head.clock = try cursor.text()
      return head
    } catch {
      return nil
    }
  }

  private mutating func findInterrupt(_ path: String) throws(RunFailure) {
    var found: Instant?
    do throws(HistoryError) {
      _ = try HistoryFile.read(path) { bytes, first, startAt in
        var cursor = EntryCursor(bytes, firstEntry: first, startAt: startAt)
        do throws(DecodingError) {
          while let kind = try cursor.next() {
            if kind == .interrupted { found = cursor.at }
            try cursor.skip(kind)
          }
        } catch {
          return false
        }
        return true
      }
    } catch {
      throw .history(error.message)
    }
    loadEndedAt = found
    interruptedAt = found
  }
}
