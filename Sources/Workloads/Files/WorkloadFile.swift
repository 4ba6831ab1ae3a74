import Model
import Queries
import Scenarios
import Schemas

/// A workload that was read from a `*.workload.yaml`: streams, what fills their fields, populations
/// that fields refer to, and queries. A value; `workloadKind(_:)` makes it one that can be run.
public struct WorkloadFile: Sendable {
  public var name: String
  /// One sentence.
  public var summary: String
  /// In the order of the file; lanes of stream i are i · sources and those behind it.
  public var streams: [FileStream]
  public var populations: [Population]
  public var queries: [FileQuery]
  /// Sources of each stream where a scenario does not say.
  public var sources: Int
}

/// One stream of a workload file.
public struct FileStream: Sendable {
  public var name: String
  /// The schema of the records: `source` and `sequence` first, then the file's fields.
  public var schema: AvroSchema
  public var schemaJSON: String
  public var schemaID: UInt32
  /// Index in `schema.fields` of the event time.
  public var timeField: Int
  /// Index of the field that is the record's key; nil without one.
  public var keyField: Int?
  /// Events for each event that `load.rate` counts, which are those of the first stream.
  public var share: Double
  public var arrivals: Arrivals
  /// Quantiles of how many events arrive at once, at equal steps of probability; empty: one.
  public var batchSizes: [Int64] = []
  public var delay: Spread
  /// Event times are whole multiples of this many milliseconds; 1 leaves them as they are.
  public var stamp: Int64 = 1
  public var markers: Markers?
  /// One for each field behind `source` and `sequence`, in their order.
  public var kernels: [FieldKernel]

  /// Records that say how far a source has come, for streams so thin that the watermark would
  /// wait for them: one for each partition in every interval.
  public struct Markers: Hashable, Sendable {
    /// Index in `schema.fields` of an enum, and the symbol that makes a record a marker.
    public var field: Int
    public var symbol: Int64
    public var every: Nanoseconds
  }

  /// How events scatter in time.
  public enum Arrivals: Hashable, Sendable {
    /// Each in a part of its own of equal length.
    case even
    /// Independently of each other.
    case random
    /// Burstier than chance: an index of dispersion of the counts of all sources together for
    /// windows of some lengths, at a rate a second.
    case bursty(rate: Double, [Dispersion])
  }

  public struct Dispersion: Hashable, Sendable {
    public var window: Nanoseconds
    public var index: Double

    public init(window: Nanoseconds, index: Double) {
      self.window = window
      self.index = index
    }
  }
}

/// Things that events refer to; how often each is met follows Zipf and Mandelbrot.
public struct Population: Hashable, Sendable {
  public var name: String
  public var count: UInt64
  /// The thing of rank r is met with a weight of (r + shift)^-exponent, r from 1.
  public var exponent: Double
  public var shift: Double
}

/// What fills a field.
public struct FieldKernel: Sendable {
  public var kernel: Kernel
  /// Chance that the field is null instead.
  public var nulls: Double
}

/// Where the values of a field come from. Numbers of a field of floating point are in units of its
/// `scale`: the value times ten to that power.
public indirect enum Kernel: Sendable {
  case constant(Int64)
  /// Numbers that never come twice in a stream.
  case counter(from: Int64)
  /// Both included.
  case uniform(Int64, Int64)
  case normal(mean: Double, deviation: Double, within: ClosedRange<Int64>)
  case logNormal(median: Double, sigma: Double, within: ClosedRange<Int64>)
  /// Quantiles at equal steps of probability, straight lines between.
  case quantiles([Int64])
  /// One of some numbers, with weights.
  case choice([Int64], weights: [Double])
  /// One of some strings, with weights.
  case texts([String], weights: [Double])
  /// Capital letters and digits.
  case letters(Int)
  /// A member of a population, by number from 0.
  case member(of: Int)
  /// A member, by a number of `bits` bits that looks arbitrary, plus `from`. Two kernels with the
  /// same draws give a member the same number.
  case token(of: Int, bits: Int, from: Int64, draws: TokenDraws)
  /// What a member has for ever; the field that holds the member, by index in the schema.
  case attribute(field: Int, Kernel)
  /// The event time plus some milliseconds.
  case time(offset: Int64)
}

/// The draws that give members their numbers.
public struct TokenDraws: Hashable, Sendable {
  public var component: String
  public var purpose: String
}

/// A query of a workload file, over some of its streams.
public struct FileQuery: Sendable {
  public var name: String
  public var summary: String
  public var plan: Plan
}
