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

  init(
    load: LoadGenerator, backbone: any Backbone, engine: EmbeddedEngine?, reader: ResultReader,
    history: HistoryWriter, faults: [PlannedFault], messageFaults: MessageFaults
  ) {
    self.load = load
    self.backbone = backbone
    self.engine = engine
    self.reader = reader
    self.history = history
    self.faults = faults
    self.messageFaults = messageFaults
  }
}
