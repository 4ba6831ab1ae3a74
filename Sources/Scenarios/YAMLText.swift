/// The lines of a text, ended where libyaml ends them, so that its marks fit: at LF, CR, CR LF,
/// NEL (U+0085), LS and PS (U+2028, U+2029).
func splitYAMLLines(_ text: String) -> [String] {
  var lines: [String] = []
  var line = String.UnicodeScalarView()
  var afterReturn = false
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x0A where afterReturn:
      afterReturn = false
    case 0x0A, 0x0D, 0x85, 0x2028, 0x2029:
      lines.append(String(line))
      line = String.UnicodeScalarView()
      afterReturn = scalar.value == 0x0D
    default:
      line.append(scalar)
      afterReturn = false
    }
  }
  lines.append(String(line))
  return lines
}

/// The comment lines that a text opens with, without their signs, joined by single spaces.
func openingComment(_ lines: [String]) -> String? {
  var words: [Substring] = []
  var seen = false
  for line in lines {
    let body = line.drop { $0 == " " || $0 == "\t" }
    if body.isEmpty {
      if seen { break }
      continue
    }
    guard body.first == "#" else { break }
    seen = true
    words += body.drop { $0 == "#" }.split { $0 == " " || $0 == "\t" }
  }
  return words.isEmpty ? nil : words.joined(separator: " ")
}

/// Index of the first byte that is not part of well-formed UTF-8 (RFC 3629); nil when all are.
func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
  var index = 0
  while index < bytes.count {
    let lead = bytes[index]
    if lead < 0x80 {
      index += 1
      continue
    }
    let length: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xBF
    switch lead {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF:
      length = 3
      if lead == 0xE0 { low = 0xA0 }
      if lead == 0xED { high = 0x9F }
    case 0xF0...0xF4:
      length = 4
      if lead == 0xF0 { low = 0x90 }
      if lead == 0xF4 { high = 0x8F }
    default: return index
    }
    guard index + length <= bytes.count else { return index }
    for offset in 1..<length {
      let byte = bytes[index + offset]
      let range = offset == 1 ? low...high : 0x80...0xBF
      if !range.contains(byte) { return index }
    }
    index += length
  }
  return nil
}

/// Line and column, from 1, of a byte of a text.
func place(ofByte offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
  let before = String(decoding: bytes.prefix(offset), as: UTF8.self)
  let lines = splitYAMLLines(before)
  return (lines.count, (lines.last?.unicodeScalars.count ?? 0) + 1)
}
