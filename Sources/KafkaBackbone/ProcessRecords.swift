import CShim
import Glibc

/// Notes about processes that Weir started, below the state folder of the user: a later Weir ends
/// what one that was killed has left, and nothing else.
///
/// A note holds the process, a word of its command line, the Weir that started it, and its data
/// folder. Only a process whose number, start and command still agree is ended, and only when that
/// Weir is gone.
package struct ProcessRecords: Sendable {
  private let folder: String

  /// `stateFolder` is `$XDG_STATE_HOME/weir`, or what stands for it.
  package init(stateFolder: String) { folder = "\(stateFolder)/processes" }

  package func add(_ process: ProcessIdentity, word: String, data: String) throws(KafkaProblem) {
    try makeFolder(folder)
    guard let owner = ProcessIdentity(of: getpid()) else {
      throw KafkaProblem("/proc does not tell when this process started")
    }
    let text = """
      weir-process 1
      process \(process.number) \(process.start)
      owner \(owner.number) \(owner.start)
      word \(word)
      data \(data)

      """
    try writeFile(path(process), text)
  }

  package func remove(_ process: ProcessIdentity) { _ = shim_remove(path(process)) }

  private func path(_ process: ProcessIdentity) -> String {
    "\(folder)/\(process.number)-\(process.start)"
  }

  /// Ends what a Weir that is gone has left. Returns the numbers of processes that were ended.
  package func endLeftovers() -> [Int32] {
    var ended: [Int32] = []
    for name in folderNames(folder) {
      guard let bytes = readFile("\(folder)/\(name)"),
        let note = Note(String(decoding: bytes, as: UTF8.self)), !note.owner.isAlive
      else { continue }
      if note.process.isAlive && note.process.wasStarted(with: note.word) {
        if shim_kill(note.process.number, SIGKILL) == 0 { ended.append(note.process.number) }
        for _ in 0..<200 where note.process.isAlive { usleep(10_000) }
      }
      // The folder is Weir's own when it has the mark that Weir puts there.
      if readFile("\(note.data)/\(dataMark)") != nil { removeTree(note.data) }
      _ = shim_remove("\(folder)/\(name)")
    }
    return ended
  }

  private struct Note {
    var process: ProcessIdentity
    var owner: ProcessIdentity
    var word: String
    var data: String

    init?(_ text: String) {
      var rows: [String: String] = [:]
      for row in text.split(separator: "\n") {
        let parts = row.split(separator: " ", maxSplits: 1).map(String.init)
        if parts.count == 2 { rows[parts[0]] = parts[1] }
      }
      func identity(_ text: String?) -> ProcessIdentity? {
        guard let parts = text?.split(separator: " "), parts.count == 2,
          let number = Int32(parts[0]), number > 1, let start = UInt64(parts[1])
        else { return nil }
        return ProcessIdentity(number: number, start: start)
      }
      guard rows["weir-process"] == "1", let process = identity(rows["process"]),
        let owner = identity(rows["owner"]), let word = rows["word"], let data = rows["data"]
      else { return nil }
      (self.process, self.owner, self.word, self.data) = (process, owner, word, data)
    }
  }
}

/// A file that says that a folder was made by Weir and may be removed by it.
let dataMark = ".made-by-weir"
