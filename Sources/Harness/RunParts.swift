import Backbones
import Engines
import Faults
import History
import Model
import Scenarios

/// The components of a run, put together.
final class RunParts {
  let load: LoadGenerator
  let backbone: any Backbone
  /// Nil when the backbone delivers nothing.
  let engine: (any Engine)?
  var reader: StreamReader
  /// Reads back what a job of the user is given; nil where the engine itself tells what it reads.
  var auditor: StreamReader?
  /// Events that close the last windows of a job; nil where none are wanted.
  var flush: FlushEvents?
  /// Called before the last entry of a run that came to its end.
  var atEnd: ((Instant) -> Void)?
  let history: HistoryWriter
  let faults: [PlannedFault]
  let messageFaults: MessageFaults

  /// What the results are called; every other name is that of the input.
  let resultStream: String

  func topic(of stream: String) -> Topic { stream == resultStream ? .results : .input }

  init(
    load: LoadGenerator, backbone: any Backbone, engine: (any Engine)?, reader: StreamReader,
    history: HistoryWriter, faults: [PlannedFault], messageFaults: MessageFaults,
    resultStream: String
  ) {
    self.resultStream = resultStream
    self.load = load
    self.backbone = backbone
    self.engine = engine
    self.reader = reader
    self.history = history
    self.faults = faults
    self.messageFaults = messageFaults
  }
}
