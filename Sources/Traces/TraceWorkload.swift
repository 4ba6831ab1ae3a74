import Model
import Queries
import Schemas
import Workloads

/// A trace as a workload that can be run: one stream of it under a query. `plan` reads the columns
/// of the stream's schema; its input stream is renamed to that of the trace.
///
/// Refused: a stream of several schemas, values that do not decode, and whatever the query cannot
/// read; the message says which.
public func traceWorkload(
  _ path: String, stream: String? = nil, plan: Plan, kind: String = "trace",
  eventNoun: String = "events", resultNoun: String = "results",
  options: TraceSource.Options = .init()
) throws(TraceError) -> Workload {
  let reader = try TraceReader(path: path)
  func refusal(_ message: String) -> TraceError {
    TraceError(.request, file: path, message: message)
  }
  let source = try TraceSource(
    reader, stream: stream, columns: plan.input.columns, options: options)
  let number = reader.description.streams.firstIndex { $0.name == stream } ?? 0
  let described = reader.description.streams[number]
  guard described.schemas.count == 1, let schema = described.schemas.first else {
    throw refusal(
      "stream '\(described.name)' has \(described.schemas.count) schemas; replaying more or fewer "
        + "than one is not in this version")
  }
  let undecodable = reader.blocks.reduce(0) {
    $0 + ($1.summary.stream == number ? $1.summary.undecodable : 0)
  }
  if undecodable > 0 {
    throw refusal(
      "\(grouped(undecodable)) values of stream '\(described.name)' do not decode; replaying such "
        + "is not in this version")
  }
  do throws(SchemaError) {
    _ = try ColumnReader(
      schema: try AvroSchema.parse(schema.json), schemaID: schema.id, columns: plan.input.columns)
  } catch {
    throw refusal("the query '\(plan.name)' cannot read the stream: \(error.message)")
  }
  var plan = plan
  plan.input.stream = described.name
  return Workload(
    kind: kind, source: source, stream: described.name, eventNoun: eventNoun,
    resultNoun: resultNoun, plan: plan, schema: schema.json, schemaID: schema.id)
}
