import CShim
import Glibc

/// Notes about processes that Weir started, below the state folder of the user: a later Weir ends
/// what one that was killed has left, and nothing else.
///
/// A note holds the process, a word of its command line, the Weir that started it, and its data
/// folder. Only a process whose number, start and command still agree is ended, and only when that
/// Weir is gone. Of a job of the user the note holds a variable that it and all its children were
/// given: whatever still has it is ended.
package struct ProcessRecords: Sendable {
  private let folder: String

  /// `stateFolder` is `$XDG_STATE_HOME/weir`, or what stands for it.
  package init(stateFolder: String) { folder = "\(stateFolder)/processes" }

  package func add(_ process: ProcessIdentity, word: String, data: String) throws(ProcessProblem) {
    try makeFolder(folder)
    guard let owner = ProcessIdentity(of: getpid()) else {
      throw ProcessProblem("/proc does not tell when this process started")
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

  /// A job whose processes all have a variable, written NAME=VALUE, that is of this run alone.
  package func add(job process: ProcessIdentity, variable: String) throws(ProcessProblem) {
    try add(process, word: variable, data: jobMark)
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
      if note.data == jobMark {
        ended += endProcesses(having: note.word)
        _ = shim_remove("\(folder)/\(name)")
        continue
      }
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
package let dataMark = ".made-by-weir"

/// Stands in place of a data folder in the note of a job.
private let jobMark = "job"

/// Processes of this user whose environment holds NAME=VALUE, by number.
package func processes(having variable: String) -> [ProcessIdentity] {
  folderNames("/proc").compactMap { Int32($0) }.sorted().compactMap { number in
    guard number != getpid(), let bytes = readFile("/proc/\(number)/environ"),
      bytes.split(separator: 0).contains(where: { $0.elementsEqual(variable.utf8) })
    else { return nil }
    return ProcessIdentity(of: number)
  }
}

/// Kills them, and what they start meanwhile. Returns the numbers of those that were there.
package func endProcesses(having variable: String) -> [Int32] {
  var ended: [Int32] = []
  for _ in 0..<200 {
    let found = processes(having: variable).filter(\.isAlive)
    if found.isEmpty { break }
    for process in found where shim_kill(process.number, SIGKILL) == 0 {
      if !ended.contains(process.number) { ended.append(process.number) }
    }
    usleep(10_000)
  }
  return ended
}
