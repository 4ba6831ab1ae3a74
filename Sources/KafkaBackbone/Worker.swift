import Glibc

/// A thread that does one thing after the other: the blocking calls of a client are made here.
///
/// Unchecked: what it shares is only touched under its lock.
final class Worker: @unchecked Sendable {
  typealias Job = @Sendable () -> Void

  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var jobs: [Job] = []
  private var isEnding = false
  private var thread = pthread_t()

  init() {
    lock = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(changed, nil)
    let me = Unmanaged.passRetained(self).toOpaque()
    let status = pthread_create(&thread, nil, runWorker, me)
    precondition(status == 0, "the system gives no thread")
  }

  deinit {
    pthread_mutex_destroy(lock)
    pthread_cond_destroy(changed)
    lock.deallocate()
    changed.deallocate()
  }

  /// Does a job after those that wait.
  func add(_ job: @escaping Job) {
    pthread_mutex_lock(lock)
    jobs.append(job)
    pthread_cond_signal(changed)
    pthread_mutex_unlock(lock)
  }

  /// Does what waits and then ends the thread; returns at once. `wait` returns when it has ended.
  func end() {
    pthread_mutex_lock(lock)
    isEnding = true
    pthread_cond_signal(changed)
    pthread_mutex_unlock(lock)
  }

  /// Waits for the thread, after `end`; once.
  func wait() { pthread_join(thread, nil) }

  fileprivate func run() {
    while let job = next() { job() }
  }

  private func next() -> Job? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    while jobs.isEmpty && !isEnding { pthread_cond_wait(changed, lock) }
    return jobs.isEmpty ? nil : jobs.removeFirst()
  }
}

private func runWorker(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  var mask = sigset_t()
  sigfillset(&mask)
  // Interrupts belong to the thread of the loop.
  pthread_sigmask(SIG_BLOCK, &mask, nil)
  let worker = Unmanaged<Worker>.fromOpaque(argument).takeRetainedValue()
  worker.run()
  return nil
}
