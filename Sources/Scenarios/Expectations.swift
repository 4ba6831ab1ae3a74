import Model

public struct Expectations: Hashable, Sendable {
  /// Nil: what `engine.guarantee` says.
  public var guarantee: Guarantee?
  /// Ids of anomaly classes that this scenario tolerates.
  public var permit: [String]
  /// In the order of the file.
  public var thresholds: [Threshold]
  /// Of the output of a job of the user, in the order of the file.
  public var output: [OutputCheck]

  public init(
    guarantee: Guarantee? = nil, permit: [String] = [], thresholds: [Threshold] = [],
    output: [OutputCheck] = []
  ) {
    self.output = output
    self.guarantee = guarantee
    self.permit = permit
    self.thresholds = thresholds
  }
}

public struct ReportSection: Hashable, Sendable {
  public var title: String?
  public var interval: Nanoseconds

  public init(title: String? = nil, interval: Nanoseconds = .second) {
    self.title = title
    self.interval = interval
  }
}
