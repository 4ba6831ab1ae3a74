import Backbones
import CShim
import Synchronization

/// Where worker threads leave answers for the loop, and the descriptor that wakes it.
///
/// Unchecked: completions hold batches that nobody changes any more.
final class Mailbox: Sendable {
  /// Readable when something waits here or in a queue of librdkafka.
  let descriptor: Int32
  private let waiting = Mutex<[Letter]>([])

  /// A completion, and whether its client is still there.
  struct Letter: @unchecked Sendable {
    var completion: Completion
    var life: Life?
  }

  init() { descriptor = shim_eventfd_create() }

  deinit { if descriptor >= 0 { shim_close(descriptor) } }

  /// Leaves an answer; one to a client that is gone by then is dropped.
  func post(_ completion: sending Completion, for life: Life? = nil) {
    let letter = Letter(completion: completion, life: life)
    waiting.withLock { $0.append(letter) }
    shim_eventfd_signal(descriptor)
  }

  func take() -> [Letter] {
    waiting.withLock { letters in
      let taken = letters
      letters.removeAll()
      return taken
    }
  }
}

/// Says to the threads of a client that it is gone.
final class Life: Sendable {
  private let ended = Atomic<Bool>(false)

  var isOver: Bool { ended.load(ordering: .acquiring) }

  func end() { ended.store(true, ordering: .releasing) }
}
