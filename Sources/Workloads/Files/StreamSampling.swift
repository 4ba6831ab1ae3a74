import Bytes
import Model
import Queries
import Scenarios
import Schemas

/// Generates the first events of each stream at a thousand a second, with every query's columns,
/// and decodes them again. Throws what stands in the way.
public func sampleStreams(of file: WorkloadFile, events: Int) throws(Problems) -> [StreamSample] {
  let kind = workloadKind(file, name: file.name)
  var samples: [StreamSample] = []
  for stream in file.streams {
    var lone = file
    lone.streams = [stream]
    lone.queries = []
    let choice = WorkloadChoice(
      kind: file.name, query: "copy", sources: 1, start: Timestamp(ns: 1_767_225_600 * .second))
    let rate = LoadShape.constant(Rate(count: 1_000, per: .second))
    let workload = try workloadKind(lone, name: file.name).make(choice, rate, 1)
    samples.append(try sample(stream, workload, events))
  }
  for query in kind.queries {
    let choice = WorkloadChoice(
      kind: file.name, query: query.name, sources: 1,
      start: Timestamp(ns: 1_767_225_600 * .second))
    _ = try kind.make(choice, .constant(Rate(count: 1_000, per: .second)), 1)
  }
  return samples
}

private func sample(
  _ stream: FileStream, _ workload: Workload, _ events: Int
) throws(Problems) -> StreamSample {
  var sample = StreamSample(name: stream.name, events: 0, bytes: 0, keys: 0, span: 0)
  var keys: Set<UInt64> = []
  let (named, sources) = stream.columns
  do throws(SchemaError) {
    let reader = try ColumnReader(
      schema: stream.schema, schemaID: stream.schemaID, columns: sources,
      eventTime: stream.schema.fields[stream.timeField].name)
    var cells = [Int64](repeating: 0, count: named.count)
    var nulls: UInt32 = 0
    var index = 0
    while sample.events < events, index < 1 << 20, let block = workload.source.block(index, of: 0) {
      for i in 0..<block.count where sample.events < events {
        let hasKey = block.keyLength[i] < RecordEntry.markerKey
        let keyBytes = hasKey ? Int(block.keyLength[i]) : 0
        let start = block.bytes + Int(block.start[i])
        let value = UnsafeRawBufferPointer(
          start: start + keyBytes, count: Int(block.start[i + 1] - block.start[i]) - keyBytes)
        do throws(RecordError) {
          _ = try reader.read(value, into: &cells, nulls: &nulls)
        } catch {
          throw SchemaError("event \(i) of block \(index) does not decode: \(error.rawValue)")
        }
        if hasKey { keys.insert(digest64(start, keyBytes)) }
        sample.events += 1
        sample.bytes += value.count + keyBytes
        sample.span = max(sample.span, block.intendedAt[i])
      }
      index += 1
    }
  } catch {
    throw refusal("the stream \(stream.name): \(error.message)")
  }
  sample.keys = keys.count
  return sample
}
