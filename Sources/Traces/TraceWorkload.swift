import Model
import Queries
import Schemas
import Workloads

/// A trace as a workload that can be run: one stream of it under a query. `plan` reads the columns
/// of the stream's schema; its input stream is renamed to that of the trace.
///
/// Values that do not say which event they are, were captured or do not decode are sent in an
/// envelope that does. Refused: a query that reads fields of such values when they are not all of
/// one schema, and whatever else the query cannot read; the message says which.
public func traceWorkload(
  _ path: String, stream: String? = nil, plan: Plan, kind: String = "trace",
  eventNoun: String = "events", resultNoun: String = "results",
  options: TraceSource.Options = .init()
) throws(TraceError) -> Workload {
  let reader = try TraceReader(path: path)
  func refusal(_ message: String) -> TraceError {
    TraceError(.request, file: path, message: message)
  }
  var options = options
  options.identifies = true
  let source = try TraceSource(
    reader, stream: stream, columns: plan.input.columns, options: options)
  let number = reader.description.streams.firstIndex { $0.name == stream } ?? 0
  let described = reader.description.streams[number]
  let schema = source.sentSchema
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
