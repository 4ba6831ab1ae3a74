import Backbones
import Engines
import Faults
import History
import Scenarios

/// The components of a run, put together.
final class RunParts {
  let load: LoadGenerator
  let backbone: any Backbone
  /// Nil when the backbone delivers nothing.
  let engine: EmbeddedEngine?
  var reader: ResultReader
  let history: HistoryWriter
  let faults: [PlannedFault]
  let messageFaults: MessageFaults

  /// What the results are called; every other name is that of the input.
  let resultStream: String

  func topic(of stream: String) -> Topic { stream == resultStream ? .results : .input }

  init(
    load: LoadGenerator, backbone: any Backbone, engine: EmbeddedEngine?, reader: ResultReader,
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
