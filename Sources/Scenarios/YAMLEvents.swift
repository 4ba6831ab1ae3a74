import CYaml

/// libyaml's events as Swift values.
struct YAMLEvent {
  enum Kind {
    case streamStart
    case streamEnd
    case documentStart(directives: Bool)
    case documentEnd
    case alias(String)
    case scalar(String, quoted: Bool)
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd
  }

  var kind: Kind
  var anchor: String?
  var hasTag = false
  var start: yaml_mark_t
  var end: yaml_mark_t
}

/// What libyaml found that is no YAML.
struct YAMLSyntaxError: Error {
  enum Place {
    case mark(line: Int, column: Int)
    case byte(Int)
  }

  var text: String
  var context: String
  var place: Place
  var contextLine: Int
  var contextColumn: Int
}

/// A libyaml parser over bytes that outlive it. The parser holds its own address, so it stays put
/// on the heap.
final class YAMLEvents {
  private let parser: UnsafeMutablePointer<yaml_parser_t>

  /// Nil when there is no memory.
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    parser = .allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      return nil
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  func next() throws(YAMLSyntaxError) -> YAMLEvent {
    var raw = yaml_event_t()
    guard yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
    defer { yaml_event_delete(&raw) }
    var event = YAMLEvent(kind: .streamEnd, start: raw.start_mark, end: raw.end_mark)
    switch raw.type {
    case YAML_STREAM_START_EVENT: event.kind = .streamStart
    case YAML_DOCUMENT_START_EVENT:
      let data = raw.data.document_start
      let tags = data.tag_directives.start != data.tag_directives.end
      event.kind = .documentStart(directives: data.version_directive != nil || tags)
    case YAML_DOCUMENT_END_EVENT: event.kind = .documentEnd
    case YAML_ALIAS_EVENT: event.kind = .alias(text(raw.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let data = raw.data.scalar
      let value = UnsafeBufferPointer(start: data.value, count: data.length)
      event.kind = .scalar(
        String(decoding: value, as: UTF8.self), quoted: data.style != YAML_PLAIN_SCALAR_STYLE)
      event.anchor = text(data.anchor)
      event.hasTag = data.tag != nil
    case YAML_SEQUENCE_START_EVENT:
      event.kind = .sequenceStart
      event.anchor = text(raw.data.sequence_start.anchor)
      event.hasTag = raw.data.sequence_start.tag != nil
    case YAML_SEQUENCE_END_EVENT: event.kind = .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      event.kind = .mappingStart
      event.anchor = text(raw.data.mapping_start.anchor)
      event.hasTag = raw.data.mapping_start.tag != nil
    case YAML_MAPPING_END_EVENT: event.kind = .mappingEnd
    default: event.kind = .streamEnd
    }
    return event
  }

  private func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
    guard let pointer else { return nil }
    return String(cString: pointer)
  }

  private func syntaxError() -> YAMLSyntaxError {
    let state = parser.pointee
    let text = state.problem.map { String(cString: $0) } ?? "it cannot be read"
    let context = state.context.map { String(cString: $0) } ?? ""
    let place: YAMLSyntaxError.Place =
      state.error == YAML_READER_ERROR
      ? .byte(Int(state.problem_offset))
      : .mark(line: Int(state.problem_mark.line), column: Int(state.problem_mark.column))
    return YAMLSyntaxError(
      text: text, context: context, place: place, contextLine: Int(state.context_mark.line),
      contextColumn: Int(state.context_mark.column))
  }
}
