import Backbones
import CShim
import Model

/// A live adapter without a system behind it: acknowledges everything and delivers nothing, and
/// wakes the pacer through a descriptor as a network client does. What a run costs on it is what
/// the harness costs.
public final class NullBackbone: LiveBackbone {
  public let descriptor: Int32
  private var waiting: [Completion] = []
  private var statistics = BackboneUsage()
  private var ends: [UInt64: Int64] = [:]

  public init() { descriptor = shim_eventfd_create() }

  deinit { if descriptor >= 0 { shim_close(descriptor) } }

  public var capabilities: Capabilities {
    Capabilities(transactions: false, idempotence: true, reads: false)
  }

  public var usage: BackboneUsage { statistics }

  public func handle(_ command: Command, at now: Instant, outbox: inout Outbox) {
    guard case .submit(let client, let topic, let batches, _) = command else { return }
    statistics.requests &+= 1
    for batch in batches {
      statistics.bytes &+= UInt64(batch.byteCount)
      let place = UInt64(topic.rawValue) << 32 | UInt64(UInt32(bitPattern: batch.partition))
      let base = ends[place, default: 0]
      ends[place] = base + Int64(batch.count)
      waiting.append(.submitted(client, topic, batch, .acknowledged(base: base)))
    }
    shim_eventfd_signal(descriptor)
  }

  public func handle(_ event: BackboneEvent, at now: Instant, outbox: inout Outbox) {}

  public func collect(at now: Instant, outbox: inout Outbox) {
    shim_eventfd_drain(descriptor)
    for completion in waiting { outbox.post(completion) }
    waiting.removeAll(keepingCapacity: true)
  }

  public func control(
    _ action: NodeAction, node: Int, at now: Instant, outbox: inout Outbox
  ) -> NodeOutcome { .refused }

  public func close() {}
}
