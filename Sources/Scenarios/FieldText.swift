/// Reads the name of a field: `key`, `event_time`, `value.card`.
public func parseField(_ text: String) throws(ValueRefusal) -> FieldPath {
  if text == "key" { return .key }
  if text == "event_time" { return .eventTime }
  if text.hasPrefix("headers.") {
    throw ValueRefusal("headers are not in this version", hint: "key, event_time or value.NAME")
  }
  var names = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  guard names.count > 1, names.removeFirst() == "value", !names.contains("") else {
    throw ValueRefusal("\(quoted(text)) is no field", hint: "key, event_time or value.NAME")
  }
  return .value(names)
}

/// Reads where the identity of an event is: `fields`, `field:value.order`, `digest`.
func parseLocator(_ text: String) throws(ValueRefusal) -> Locator {
  switch text {
  case "fields": return .fields
  case "digest": return .digest
  case "prefix":
    throw ValueRefusal(
      "Weir's payloads have no prefix in this version", hint: "fields, field:F or digest")
  default:
    if text == "header" || text.hasPrefix("header:") {
      throw ValueRefusal(
        "Weir's records have no headers in this version", hint: "fields, field:F or digest")
    }
    if text.hasPrefix("field:") {
      let field = try parseField(String(text.dropFirst("field:".count)))
      if field == .eventTime {
        throw ValueRefusal(
          "event times are shared by events", hint: "field:value.NAME or field:key")
      }
      return .field(field)
    }
    throw ValueRefusal("\(quoted(text)) is no locator", hint: "fields, field:F or digest")
  }
}

/// Reads where expected rows come from; the command of `command` stands beside it.
func parseRowSource(
  _ text: String, command: [String]
) throws(ValueRefusal) -> OutputCheck.RowSource {
  switch text {
  case "twin": return .twin
  case "command": return .command(command)
  case "oracle":
    throw ValueRefusal(
      "rows of Weir's own queries are not in this version",
      hint: "twin, run:DIR, file:PATH or command"
    )
  default:
    for (prefix, make) in [
      ("run:", OutputCheck.RowSource.run), ("file:", OutputCheck.RowSource.file),
    ] where text.hasPrefix(prefix) && text != prefix {
      return make(String(text.dropFirst(prefix.count)))
    }
    throw ValueRefusal(
      "\(quoted(text)) gives no rows", hint: "twin, run:DIR, file:PATH or command")
  }
}
