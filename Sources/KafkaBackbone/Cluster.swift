import Backbones
import CShim
import Glibc
import Model
import Processes
import Synchronization

/// Where an installed Kafka was found, or looked for.
public struct KafkaInstallation: Sendable {
  /// The folder with `bin` and `libs`.
  public var home: String

  /// The first of the places that holds a Kafka; nil when none does.
  public init?(lookingIn places: [String]) {
    for place in places
    where access("\(place)/bin/kafka-server-start.sh", R_OK) == 0
      && access("\(place)/bin/kafka-storage.sh", R_OK) == 0
    {
      home = place
      return
    }
    return nil
  }
}

/// What a private cluster is made of.
public struct ClusterPlan: Sendable {
  public var installation: KafkaInstallation
  public var brokers: Int
  /// Made by Weir, emptied at the end.
  public var dataFolder: String
  /// Logs of the brokers; they are kept.
  public var logFolder: String
  /// Where notes about running processes are kept.
  public var stateFolder: String
  /// Options of the brokers; they win over Weir's.
  public var options: [KafkaOption]
  /// How much the brokers yield to others, 0 to 19. They share the machine with the instrument that
  /// measures them, which goes first; only where the system lets it, they need not yield.
  public var niceness: Int32 = ClusterPlan.usualNiceness

  private static let usualNiceness: Int32 = {
    if shim_go_first() != 0 { return 10 }
    shim_go_along()
    return 0
  }()

  public init(
    installation: KafkaInstallation, brokers: Int, dataFolder: String, logFolder: String,
    stateFolder: String, options: [KafkaOption]
  ) {
    self.installation = installation
    self.brokers = brokers
    self.dataFolder = dataFolder
    self.logFolder = logFolder
    self.stateFolder = stateFolder
    self.options = options
  }
}

/// A Kafka cluster on loopback that Weir started and that lives as long as this object at most:
/// one thread starts every broker, and the kernel kills them when it ends.
///
/// Unchecked: after `init`, what changes is behind the lock.
public final class Cluster: @unchecked Sendable {
  /// Number of brokers.
  public let count: Int
  /// `127.0.0.1:PORT` of every broker.
  public let bootstrap: String
  /// Told what became of actions; set before the first one.
  var mailbox: Mailbox?
  private let plan: ClusterPlan
  private let nodes: [BrokerFiles]
  private let records: ProcessRecords
  private let worker = Worker()
  private let state: Mutex<State>
  private let ending = Life()

  private struct State {
    var processes: [ProcessIdentity?]
    /// CPU nanoseconds of brokers that are gone.
    var spent: Int64 = 0
    var failure: KafkaProblem?
    var isReady = false
  }

  /// Ends what a Weir that was killed has left behind. Returns how many processes were ended.
  public static func endLeftovers(stateFolder: String) -> Int {
    ProcessRecords(stateFolder: stateFolder).endLeftovers().count
  }

  /// Starts the brokers and waits until they accept connections. An interrupt of the user ends it.
  public init(_ plan: ClusterPlan) throws(KafkaProblem) {
    self.plan = plan
    count = plan.brokers
    records = ProcessRecords(stateFolder: plan.stateFolder)
    var ports: [(client: Int, controller: Int)] = []
    for _ in 0..<plan.brokers {
      let (client, controller) = (Int(shim_free_port()), Int(shim_free_port()))
      if client <= 0 || controller <= 0 {
        throw KafkaProblem("the system gives no free port", isUnavailable: true)
      }
      ports.append((client, controller))
    }
    bootstrap = ports.map { "127.0.0.1:\($0.client)" }.joined(separator: ",")
    state = Mutex(State(processes: Array(repeating: nil, count: plan.brokers)))
    try makeFolder(plan.dataFolder)
    try makeFolder(plan.logFolder)
    try writeFile("\(plan.dataFolder)/\(dataMark)", "data of private Kafka brokers\n")
    nodes = (0..<plan.brokers).map { BrokerFiles(plan, $0, ports) }
    for node in nodes { try node.write(plan) }
    worker.add { self.launch() }
    try waitUntilReady()
  }

  private func waitUntilReady() throws(KafkaProblem) {
    let limit = shim_monotonic_ns() + 120_000_000_000
    while true {
      let (isReady, failure) = state.withLock { ($0.isReady, $0.failure) }
      if isReady { return }
      var problem = failure
      if shim_interrupt_count() > 0 { problem = KafkaProblem("interrupted", isUnavailable: true) }
      if shim_monotonic_ns() > limit {
        problem = KafkaProblem(
          "the brokers were not ready within 2 min; their logs are in \(plan.logFolder)",
          isUnavailable: true)
      }
      if let problem {
        close()
        throw problem
      }
      usleep(5_000)
    }
  }

  /// CPU nanoseconds that the brokers have used.
  var busy: Int64 {
    state.withLock { state in
      state.processes.reduce(state.spent) { $0 + ($1?.cpu ?? 0) }
    }
  }

  // By the thread of the cluster

  private func launch() {
    do throws(KafkaProblem) {
      try format()
      for node in nodes.indices { try start(node) }
      for node in nodes.indices {
        while !portIsOpen(nodes[node].port) {
          if ending.isOver { return }
          try checkAlive(node)
          usleep(10_000)
        }
      }
      state.withLock { $0.isReady = true }
    } catch {
      state.withLock { $0.failure = error }
    }
  }

  private func portIsOpen(_ port: Int) -> Bool { shim_port_is_open(Int32(port)) != 0 }

  private func checkAlive(_ node: Int) throws(KafkaProblem) {
    guard let process = state.withLock({ $0.processes[node] }) else { return }
    if process.isAlive { return }
    throw KafkaProblem(
      "broker \(node + 1) ended before it was ready: \(nodes[node].lastWords)"
        + "; its log is \(nodes[node].log)", isUnavailable: true)
  }

  /// Prepares the data folders, all at once: most of it is the start of Java.
  private func format() throws(KafkaProblem) {
    let identity = clusterIdentity()
    var formatting: [Int32] = []
    for node in nodes {
      formatting.append(
        try spawn(
          "\(plan.installation.home)/bin/kafka-storage.sh",
          ["format", "-t", identity, "-c", node.properties], log: node.log))
    }
    for (node, process) in zip(nodes, formatting) {
      let code = shim_wait(process, 1)
      if code != 0 {
        throw KafkaProblem(
          "kafka-storage.sh ended with \(code): \(node.lastWords)", isUnavailable: true)
      }
    }
  }

  private func start(_ node: Int) throws(KafkaProblem) {
    let files = nodes[node]
    let number = try spawn(
      "\(plan.installation.home)/bin/kafka-server-start.sh", [files.properties], log: files.log)
    guard let process = ProcessIdentity(of: number) else {
      throw KafkaProblem("broker \(node + 1) ended at once: \(files.lastWords)")
    }
    state.withLock { $0.processes[node] = process }
    do throws(ProcessProblem) {
      try records.add(process, word: files.properties, data: plan.dataFolder)
    } catch {
      throw KafkaProblem(error.message)
    }
  }

  private func spawn(
    _ program: String, _ arguments: [String], log: String
  ) throws(KafkaProblem) -> Int32 {
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
    words.append(nil)
    var variables: [UnsafeMutablePointer<CChar>?] = []
    var inherited = shim_environment()
    while let variable = inherited?.pointee {
      let text = String(cString: variable)
      if !text.hasPrefix("LOG_DIR=") { variables.append(strdup(variable)) }
      inherited = inherited?.advanced(by: 1)
    }
    variables.append(strdup("LOG_DIR=\(plan.logFolder)"))
    variables.append(nil)
    defer { for text in words + variables { free(text) } }
    let number = shim_spawn(
      program, words, variables, nil, nil, nil, log, plan.niceness)
    if number < 0 {
      throw KafkaProblem(
        "\(program) cannot be started: \(String(cString: shim_error_text(-number)))",
        isUnavailable: true)
    }
    return number
  }

  // Faults

  /// Begins an action on a broker, counted from 0; what becomes of it comes as a completion.
  func begin(_ action: NodeAction, node: Int) -> Bool {
    let isThere = state.withLock { $0.processes[node] != nil }
    if (action == .restart) == isThere { return false }
    worker.add { self.carryOut(action, node) }
    return true
  }

  private func carryOut(_ action: NodeAction, _ node: Int) {
    switch action {
    case .crash: tell(action, node, kill(node) && !portIsOpen(nodes[node].port))
    case .pause, .resume:
      guard let process = state.withLock({ $0.processes[node] }) else {
        return tell(action, node, false)
      }
      let stops = action == .pause
      var happened = shim_kill(process.number, stops ? SIGSTOP : SIGCONT) == 0
      for _ in 0..<500 where happened && process.isStopped != stops { usleep(1_000) }
      happened = happened && process.isStopped == stops
      tell(action, node, happened)
    case .restart:
      do throws(KafkaProblem) {
        try start(node)
        worker.add { self.watchRestart(node, until: shim_monotonic_ns() + 60_000_000_000) }
      } catch {
        tell(action, node, false)
      }
    }
  }

  /// Looks whether a broker is back; between two looks the thread is free for other actions.
  private func watchRestart(_ node: Int, until limit: UInt64) {
    if ending.isOver { return }
    if portIsOpen(nodes[node].port) { return tell(.restart, node, true) }
    let isAlive = state.withLock { $0.processes[node]?.isAlive } ?? false
    if !isAlive || shim_monotonic_ns() > limit { return tell(.restart, node, false) }
    usleep(10_000)
    worker.add { self.watchRestart(node, until: limit) }
  }

  private func tell(_ action: NodeAction, _ node: Int, _ happened: Bool) {
    mailbox?.post(.controlled(action, node: node, happened))
  }

  /// Kills a broker and waits until it is gone.
  private func kill(_ node: Int) -> Bool {
    guard let process = state.withLock({ $0.processes[node] }) else { return false }
    let cpu = process.cpu
    _ = shim_kill(process.number, SIGKILL)
    _ = shim_wait(process.number, 1)
    state.withLock {
      $0.processes[node] = nil
      $0.spent += cpu
    }
    records.remove(process)
    return !process.isAlive
  }

  /// Lets paused brokers go on, so that clients can say goodbye.
  func resumeAll() {
    let processes = state.withLock { $0.processes }
    for process in processes { if let process { _ = shim_kill(process.number, SIGCONT) } }
  }

  /// Kills the brokers, waits for them and removes their data; the logs stay.
  public func close() {
    ending.end()
    worker.add {
      for node in 0..<self.count { _ = self.kill(node) }
      removeTree(self.plan.dataFolder)
    }
    worker.end()
    worker.wait()
  }
}

/// 16 random bytes as Kafka writes ids: base64 for addresses, without padding.
private func clusterIdentity() -> String {
  var bytes = [UInt8](repeating: 0, count: 18)
  getentropy(&bytes, 16)
  let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
  var text = ""
  for group in 0..<6 {
    let three = bytes[(group * 3)..<(group * 3 + 3)].reduce(0) { $0 << 8 | Int($1) }
    for shift in [18, 12, 6, 0] { text.append(letters[three >> shift & 63]) }
  }
  // A leading dash would be taken for an option.
  return text.hasPrefix("-") ? "A" + text.dropFirst().prefix(21) : String(text.prefix(22))
}
