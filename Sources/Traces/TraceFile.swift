import CShim

/// A file open for reading at any place. Several threads may read at once.
final class TraceFile: Sendable {
  let path: String
  let size: UInt64
  private let descriptor: Int32

  init(_ path: String) throws(TraceError) {
    self.path = path
    let file = shim_open_file(path)
    if file < 0 {
      throw TraceError(.file, file: path, message: String(cString: shim_error_text(-file)))
    }
    descriptor = file
    let size = shim_file_size(file)
    if size < 0 {
      shim_close(file)
      throw TraceError(.file, file: path, message: String(cString: shim_error_text(Int32(-size))))
    }
    self.size = UInt64(size)
  }

  deinit { shim_close(descriptor) }

  /// The bytes at an offset; fewer than `count` only at the end of the file.
  func read(at offset: UInt64, count: Int) throws(TraceError) -> [UInt8] {
    var status = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: max(count, 0)) { buffer, filled in
      filled = 0
      while filled < count, let start = buffer.baseAddress {
        let n = shim_read_at(descriptor, start + filled, count - filled, offset + UInt64(filled))
        if n <= 0 {
          status = n
          break
        }
        filled += n
      }
    }
    if status < 0 {
      let text = String(cString: shim_error_text(Int32(-status)))
      throw TraceError(
        .file, file: path, bytes: offset..<offset + UInt64(count),
        message: "cannot be read: \(text)")
    }
    return bytes
  }
}

/// A file that gets its name only when it is whole; abandoned, it leaves nothing behind. Or a file
/// that grows at its end; abandoned, it is as it was. Or standard output, where what is written is
/// gone.
final class PartialFile {
  private enum Kind {
    case named(partial: String)
    /// An abandoned file is cut to the size that it had before.
    case growing(sizeBefore: UInt64)
    case standardOutput
  }

  let path: String
  private let kind: Kind
  private var descriptor: Int32
  /// Bytes in the file.
  private(set) var written: UInt64

  init(_ path: String) throws(TraceError) {
    self.path = path
    let partial = path + ".partial"
    kind = .named(partial: partial)
    written = 0
    descriptor = shim_create_file(partial, 0)
    if descriptor < 0 { throw problem(descriptor, "cannot be created") }
  }

  /// Cuts an existing file to `size` bytes and goes on from there.
  init(growing path: String, from size: UInt64) throws(TraceError) {
    self.path = path
    kind = .growing(sizeBefore: size)
    written = size
    descriptor = shim_open_append(path)
    if descriptor < 0 { throw problem(descriptor, "cannot be opened") }
    let status = shim_truncate(descriptor, size)
    if status < 0 { throw problem(status, "cannot be cut") }
  }

  /// What is written goes to standard output at once.
  init(standardOutput: Void) {
    path = "standard output"
    kind = .standardOutput
    written = 0
    descriptor = 1
  }

  deinit { discard() }

  func write(_ bytes: UnsafeRawBufferPointer) throws(TraceError) {
    if bytes.count == 0 { return }
    let status = shim_write_all(descriptor, bytes.baseAddress, bytes.count)
    if status < 0 { throw problem(status, "cannot be written") }
    written += UInt64(bytes.count)
  }

  /// Flushes to the disk and gives the file its name.
  func finish() throws(TraceError) {
    if case .standardOutput = kind {
      descriptor = -1
      return
    }
    let status = shim_sync(descriptor)
    if status < 0 { throw problem(status, "cannot be written") }
    shim_close(descriptor)
    descriptor = -1
    guard case .named(let partial) = kind else { return }
    let renamed = shim_rename(partial, path)
    if renamed < 0 {
      _ = shim_remove(partial)
      throw problem(renamed, "cannot be given its name")
    }
  }

  /// Forgets what was written.
  func discard() {
    if descriptor < 0 { return }
    switch kind {
    case .named(let partial):
      shim_close(descriptor)
      _ = shim_remove(partial)
    case .growing(let size):
      _ = shim_truncate(descriptor, size)
      shim_close(descriptor)
    case .standardOutput: break
    }
    descriptor = -1
  }

  private func problem(_ status: Int32, _ what: String) -> TraceError {
    let text = String(cString: shim_error_text(-status))
    return TraceError(.file, file: path, message: "\(what): \(text)")
  }
}
