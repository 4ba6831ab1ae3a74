import Model
import Queries
import Scenarios
import Schemas
import Traces
import Workloads

/// The workload that a scenario asks for: generated, or read from a trace. `own` are kinds besides
/// those of this version, read from files.
public func makeWorkload(
  _ scenario: Scenario, tracePath: String?, own: [WorkloadKind] = []
) throws(RunFailure) -> Workload {
  var workload: Workload
  do throws(Problems) {
    if scenario.workload.trace == nil {
      workload = try kind(of: scenario, own).make(
        scenario.workload, scenario.load, scenario.seed)
    } else {
      workload = try tracedWorkload(scenario, path: tracePath, own)
    }
  } catch {
    throw .problems(error)
  }
  if let delay = scenario.engine.watermarkDelay { workload.plan.watermarkDelay = delay }
  if let lateness = scenario.engine.allowedLateness { workload.plan.allowedLateness = lateness }
  if let job = scenario.engine.job { try adapt(&workload, to: job, scenario) }
  return workload
}

/// The events of the workload as the input stream of a job has them.
private func adapt(
  _ workload: inout Workload, to job: JobChoice, _ scenario: Scenario
) throws(RunFailure) {
  workload.resultNoun = "outputs"
  if workload.streams.count > 1 {
    throw .problems(
      problem(
        scenario,
        "the query \(workload.plan.name) of \(workload.kind) has \(workload.streams.count) "
          + "streams; a job reads one in this version", hint: "take a query of one stream"))
  }
  guard job.reads.encoding == .json else { return }
  do throws(SchemaError) {
    workload.source = try JSONSource(workload.source, schema: workload.schema)
  } catch {
    throw .problems(
      problem(scenario, "the schema of \(workload.stream) has no form in JSON: \(error.message)"))
  }
}

private func kind(
  of scenario: Scenario, _ own: [WorkloadKind]
) throws(Problems) -> WorkloadKind {
  guard let kind = (workloadKinds + own).first(where: { $0.name == scenario.workload.kind }) else {
    throw problem(scenario, "there is no workload '\(scenario.workload.kind)'")
  }
  return kind
}

private func problem(_ scenario: Scenario, _ message: String, hint: String? = nil) -> Problems {
  Problems([Problem(file: scenario.name, message: message, hint: hint)])
}

/// Events of a trace under the query of an application: pass-through takes any schema, the others
/// only their own.
private func tracedWorkload(
  _ scenario: Scenario, path: String?, _ own: [WorkloadKind]
) throws(Problems) -> Workload {
  let named = scenario.workload.trace ?? ""
  guard let path else {
    throw problem(
      scenario, "the trace \(named) is not there",
      hint: "give one with --trace FILE; weir trace import and weir trace generate make them")
  }
  guard case .trace(let speed, let cap) = scenario.load else {
    throw problem(
      scenario, "a trace brings its own instants", hint: "write load: {shape: trace, speed: 1x}")
  }
  var choice = scenario.workload
  choice.trace = nil
  let rate = LoadShape.constant(Rate(count: 1_000, per: .second))
  var workload = try kind(of: scenario, own).make(choice, rate, scenario.seed)
  do throws(TraceError) {
    let reader = try TraceReader(path: path)
    guard let stream = reader.description.streams.first else {
      throw TraceError(.request, file: path, message: "the trace has no stream")
    }
    if scenario.workload.kind == "pass-through" {
      workload.plan.input.stream = stream.name
    } else if !stream.schemas.contains(where: { isSame($0.json, workload.schema) }) {
      throw TraceError(
        .request, file: path,
        message: "the schema of \(stream.name) is not that of \(scenario.workload.kind); "
          + "pass-through takes any")
    }
    let source = try TraceSource(
      reader, stream: stream.name, columns: workload.plan.input.columns,
      options: TraceSource.Options(speed: speed, idleCap: cap, identifies: true))
    workload.source = source
    workload.streams = [
      WorkloadStream(
        name: stream.name, schema: source.sentSchema.json, schemaID: source.sentSchema.id)
    ]
    workload.laneStream = Array(repeating: 0, count: workload.source.laneCount)
    workload.lateLanes = []
    workload.eventNoun = "events"
  } catch {
    throw problem(scenario, error.text)
  }
  return workload
}

private func isSame(_ a: String, _ b: String) -> Bool {
  do throws(SchemaError) {
    return try AvroSchema.parse(a) == AvroSchema.parse(b)
  } catch {
    return false
  }
}

/// Throws when blocks of a trace could not be read while it was replayed: what was judged then is
/// not what the trace says.
func checkSource(_ workload: Workload, _ scenario: Scenario) throws(RunFailure) {
  guard let failure = (workload.source as? TraceSource)?.failure else { return }
  throw .problems(problem(scenario, failure.text))
}
