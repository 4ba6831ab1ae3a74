import CYaml
import Model

/// Bytes of a file; what a person writes stays far below.
public let largestYAMLFile = 1 << 20
/// Levels of mappings and sequences.
public let deepestYAMLNesting = 20

/// Reads one YAML document as text with places. Refused, each as a problem with its place: more
/// than 1 MiB or 20 levels, bytes that are not UTF-8, anchors, aliases, tags, merge keys,
/// directives, several documents, keys given twice, keys without a value. Comments, block style
/// and flow style are all allowed.
public func parseYAML(_ bytes: [UInt8], file: String) -> YAMLReading {
  var bytes = bytes
  if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
  var reading = YAMLReading(
    root: nil, openingComment: nil, source: YAMLSource(file: file, lines: [""]), problems: [],
    isComplete: false)
  if bytes.count > largestYAMLFile {
    reading.problems = [
      Problem(
        file: file, message: "the file has \(bytes.count) bytes; at most 1 MiB is read",
        hint: "is this the file you meant?")
    ]
    return reading
  }
  if let bad = firstInvalidUTF8(bytes) {
    let at = place(ofByte: bad, in: bytes)
    let hex = String(bytes[bad], radix: 16, uppercase: true)
    reading.problems = [
      Problem(
        file: file, line: at.line, column: at.column,
        message: "byte 0x\(hex) is not UTF-8; the file was not read",
        hint: "save the file as UTF-8")
    ]
    return reading
  }
  reading.source.lines = splitYAMLLines(String(decoding: bytes, as: UTF8.self))
  reading.openingComment = openingComment(reading.source.lines)
  var parser = YAMLParser(source: reading.source, columnOffset: 0)
  reading.root = parser.parse(bytes)
  reading.problems = parser.problems
  reading.isComplete = !parser.stopped
  return reading
}

/// Builds nodes from events. Depth is bounded, so recursion is.
struct YAMLParser {
  let source: YAMLSource
  /// Added to the columns of the first line, for a text that begins inside a longer one.
  let columnOffset: Int
  /// Names of the keys and indexes above the document, for a text that is set somewhere.
  var path: [String] = []
  /// Lines that marks are looked up in; those of the source, unless it is an override.
  var lines: [String]
  private(set) var problems: [Problem] = []
  private(set) var stopped = false

  init(source: YAMLSource, columnOffset: Int, lines: [String]? = nil, path: [String] = []) {
    self.source = source
    self.columnOffset = columnOffset
    self.lines = lines ?? source.lines
    self.path = path
  }

  mutating func parse(_ bytes: [UInt8]) -> YAMLNode? {
    bytes.withUnsafeBufferPointer { buffer in
      guard let events = YAMLEvents(buffer) else {
        stop(YAMLMark(source: source), "there is no memory to read it")
        return nil
      }
      return document(events, bytes)
    }
  }

  private mutating func document(_ events: YAMLEvents, _ bytes: [UInt8]) -> YAMLNode? {
    var root: YAMLNode?
    while !stopped, let event = next(events, bytes) {
      switch event.kind {
      case .streamEnd: return root
      case .documentStart(let directives):
        if root != nil {
          stop(mark(event.start, width: 3), "a second document begins here; one a file is read")
          return root
        }
        if directives {
          problems.append(
            mark(event.start).problem("directives ('%') are not allowed", hint: "leave it out"))
        }
      case .streamStart, .documentEnd: continue
      default: root = node(event, events, bytes, depth: 1)
      }
    }
    return root
  }

  private mutating func next(_ events: YAMLEvents, _ bytes: [UInt8]) -> YAMLEvent? {
    do throws(YAMLSyntaxError) {
      return try events.next()
    } catch {
      report(error, bytes)
      return nil
    }
  }

  private mutating func node(
    _ event: YAMLEvent, _ events: YAMLEvents, _ bytes: [UInt8], depth: Int
  ) -> YAMLNode {
    var at = mark(event.start)
    if event.anchor != nil || event.hasTag { refuseProperties(event, at) }
    switch event.kind {
    case .alias(let name):
      at.width = name.unicodeScalars.count + 1
      problems.append(
        at.problem("alias \(quoted("*" + name)) is not allowed", hint: "write the value out"))
      return YAMLNode(.faulty, mark: at)
    case .scalar(let text, let quoted):
      at.width = width(event)
      return YAMLNode(.scalar(text, quoted: quoted), mark: at)
    case .sequenceStart, .mappingStart:
      if depth > deepestYAMLNesting {
        stop(at, "more than \(deepestYAMLNesting) levels deep")
        return YAMLNode(.faulty, mark: at)
      }
      if case .sequenceStart = event.kind { return sequence(at, events, bytes, depth) }
      return mapping(at, events, bytes, depth)
    default:
      return YAMLNode(.faulty, mark: at)
    }
  }

  private mutating func sequence(
    _ at: YAMLMark, _ events: YAMLEvents, _ bytes: [UInt8], _ depth: Int
  ) -> YAMLNode {
    var elements: [YAMLNode] = []
    while !stopped, let event = next(events, bytes) {
      if case .sequenceEnd = event.kind { break }
      path.append(String(elements.count))
      var element = node(event, events, bytes, depth: depth + 1)
      if isMissing(element) {
        problems.append(
          element.mark.problem(
            "\(pathText) has no value", hint: "leave the element out, or write one"))
        element.content = .faulty
      }
      elements.append(element)
      path.removeLast()
    }
    return YAMLNode(.sequence(elements), mark: at)
  }

  private mutating func mapping(
    _ at: YAMLMark, _ events: YAMLEvents, _ bytes: [UInt8], _ depth: Int
  ) -> YAMLNode {
    var entries: [YAMLEntry] = []
    var lineOfKey: [String: Int] = [:]
    while !stopped, let event = next(events, bytes) {
      if case .mappingEnd = event.kind { break }
      let key = node(event, events, bytes, depth: depth + 1)
      if stopped { break }
      path.append(key.scalar ?? "?")
      defer { path.removeLast() }
      guard let valueEvent = next(events, bytes) else { break }
      var value = node(valueEvent, events, bytes, depth: depth + 1)
      guard let name = checkedKey(key) else { continue }
      if let line = lineOfKey[name] {
        problems.append(
          key.mark.problem(
            "\(quoted(name)) is given twice in \(parentText)",
            hint: source.isOverride ? nil : "first given at line \(line)"))
        continue
      }
      lineOfKey[name] = key.mark.line
      if isMissing(value) {
        problems.append(
          key.mark.problem(
            "\(pathText) has no value", hint: "leave the key out to get the default"))
        value.content = .faulty
      }
      entries.append(YAMLEntry(key: name, keyMark: key.mark, value: value))
    }
    return YAMLNode(.mapping(entries), mark: at)
  }

  /// The name of a key, or nil when it is none and that was said.
  private mutating func checkedKey(_ key: YAMLNode) -> String? {
    switch key.content {
    case .faulty: return nil
    case .scalar("<<", quoted: false):
      problems.append(
        key.mark.problem("merge key '<<' is not allowed", hint: "write the keys out"))
      return nil
    case .scalar("", _):
      problems.append(key.mark.problem("a key has no name"))
      return nil
    case .scalar(let text, _): return text
    case .sequence, .mapping:
      problems.append(key.mark.problem("a key is \(key.kindText); a name is wanted"))
      return nil
    }
  }

  private mutating func refuseProperties(_ event: YAMLEvent, _ at: YAMLMark) {
    var at = at
    if let anchor = event.anchor {
      at.width = anchor.unicodeScalars.count + 1
      problems.append(
        at.problem("anchor \(quoted("&" + anchor)) is not allowed", hint: "write the value out"))
    } else {
      let word = wordAt(line: at.line, column: Int(event.start.column) + 1)
      at.width = word.unicodeScalars.count
      problems.append(
        at.problem("tag \(quoted(word)) is not allowed", hint: "types come from the keys"))
    }
  }

  private func isMissing(_ node: YAMLNode) -> Bool {
    if case .scalar("", quoted: false) = node.content { return true }
    return false
  }

  private var pathText: String { path.joined(separator: ".") }

  private var parentText: String {
    path.count <= 1 ? "the file" : path.dropLast().joined(separator: ".")
  }

  func mark(_ raw: yaml_mark_t, width: Int = 1) -> YAMLMark {
    mark(line: Int(raw.line), column: Int(raw.column), width: width)
  }

  private func mark(line: Int, column: Int, width: Int = 1) -> YAMLMark {
    YAMLMark(
      source: source, line: line + 1, column: column + 1 + (line == 0 ? columnOffset : 0),
      width: width)
  }

  private func width(_ event: YAMLEvent) -> Int {
    event.start.line == event.end.line ? Int(event.end.column) - Int(event.start.column) : 1
  }

  /// The characters from a place up to the next blank, comma or bracket.
  private func wordAt(line: Int, column: Int) -> String {
    rest(line: line, column: column) { " \t,]}".unicodeScalars.contains($0) }
  }

  private func rest(
    line: Int, column: Int, until ends: (Unicode.Scalar) -> Bool = { _ in false }
  ) -> String {
    guard line >= 1, line <= lines.count else { return "" }
    return String(
      String.UnicodeScalarView(
        lines[line - 1].unicodeScalars.dropFirst(column - 1).prefix { !ends($0) }))
  }

  private mutating func stop(_ at: YAMLMark, _ message: String, hint: String? = nil) {
    stopped = true
    let rest = source.isOverride ? "" : "; the rest of the file was not read"
    problems.append(at.problem(message + rest, hint: hint))
  }

  private mutating func report(_ error: YAMLSyntaxError, _ bytes: [UInt8]) {
    switch error.place {
    case .byte(let offset):
      let at = place(ofByte: offset, in: bytes)
      stop(mark(line: at.line - 1, column: at.column - 1), "not YAML: \(error.text)")
    case .mark(let line, let column):
      let isBlock = error.context == "while scanning a block scalar"
      let at =
        isBlock
        ? (line: error.contextLine, column: error.contextColumn) : (line: line, column: column)
      let (text, hint) = explain(error, rest: rest(line: at.line + 1, column: at.column + 1))
      stop(mark(line: at.line, column: at.column), "not YAML: \(text)", hint: hint)
    }
  }

  /// What a syntax error means to somebody who writes scenarios, and what to write instead.
  private func explain(_ error: YAMLSyntaxError, rest: String) -> (String, String?) {
    let value = rest.prefix { !",}]#".contains($0) }.trimmed
    let quotes = value.isEmpty ? nil : "put quotes around it: \"\(shortened(value))\""
    switch rest.first {
    case ">", "|": return ("a plain '\(rest.prefix(1))' begins a block of text", quotes)
    case "\t": return ("a tab may not stand here", "indent with spaces")
    case "%", "@", "`":
      return ("a value may not begin with '\(rest.prefix(1))'", quotes)
    default: break
    }
    if error.text.hasPrefix("mapping values are not allowed") {
      return ("a second ':' in one value", "quote a value that contains ': ', or begin a line")
    }
    return (error.text, nil)
  }
}

extension StringProtocol {
  /// Without the blanks at both ends.
  var trimmed: String {
    var part = self[...]
    while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
    while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
    return String(part)
  }
}
