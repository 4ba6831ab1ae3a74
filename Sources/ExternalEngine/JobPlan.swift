import Model
import Scenarios

/// A job of the user, and where and for which run it is started.
public struct JobPlan: Sendable {
  public var job: JobChoice
  /// Where its commands run.
  public var directory: String
  /// Variables that the job is told: NAME and value.
  public var told: [(name: String, value: String)]
  /// stdout and stderr of all its commands; kept.
  public var log: String
  /// Where notes about running processes are kept.
  public var stateFolder: String
  /// Partitions of its input.
  public var partitions: Int
  /// What the faults of the run will ask for.
  public var isCrashed: Bool
  public var isPaused: Bool

  /// `told` must hold WEIR_RUN, a name of this run alone.
  public init(
    job: JobChoice, directory: String, told: [(name: String, value: String)], log: String,
    stateFolder: String, partitions: Int, isCrashed: Bool, isPaused: Bool
  ) {
    self.job = job
    self.directory = directory
    self.told = told
    self.log = log
    self.stateFolder = stateFolder
    self.partitions = partitions
    self.isCrashed = isCrashed
    self.isPaused = isPaused
  }

  /// The name and value that all processes of the job have, and no others.
  var mark: String { "WEIR_RUN=\(told.first { $0.name == "WEIR_RUN" }?.value ?? "")" }
}

/// Why a job cannot be run, in words for the user.
public struct JobProblem: Error, Hashable, Sendable {
  public var message: String
  public var hint: String?
  /// The user asked for an end.
  public var isInterrupted: Bool

  public init(_ message: String, hint: String? = nil, isInterrupted: Bool = false) {
    self.message = message
    self.hint = hint
    self.isInterrupted = isInterrupted
  }
}
