import Processes

/// Writes a small file anew.
func writeFile(_ path: String, _ text: String) throws(KafkaProblem) {
  do throws(ProcessProblem) {
    try Processes.writeFile(path, text)
  } catch {
    throw KafkaProblem(error.message)
  }
}

/// Makes a folder and those above it.
func makeFolder(_ path: String) throws(KafkaProblem) {
  do throws(ProcessProblem) {
    try Processes.makeFolder(path)
  } catch {
    throw KafkaProblem(error.message)
  }
}
