import Glibc

/// The parser that `WEIR_FUZZ` names; without one, or with another name, the program ends.
private let parser: @Sendable ([UInt8]) -> Void = {
  let name = getenv("WEIR_FUZZ").map { String(cString: $0) } ?? ""
  guard let found = fuzzedParsers.first(where: { $0.name == name }) else {
    let names = fuzzedParsers.map(\.name).joined(separator: " ")
    let text = Array("no parser '\(name)'; there are: \(names)\n".utf8)
    _ = write(STDERR_FILENO, text, text.count)
    exit(64)
  }
  return found.run
}()

/// What libFuzzer calls with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  parser(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
