import Schemas

/// The columns of a schema; nil when it is no schema of this version, so that its values are kept
/// as bytes.
func columnPlan(of json: String) -> ColumnPlan? {
  do throws(SchemaError) {
    return ColumnPlan(columnType(of: try AvroSchema.parse(json)))
  } catch {
    return nil
  }
}

private func columnType(of schema: AvroSchema) -> ColumnType {
  .record(schema.fields.map { ColumnField(name: $0.name, type: columnType(of: $0.type)) })
}

private func columnType(of type: AvroType) -> ColumnType {
  switch type {
  case .int: .int
  case .long, .timestampMillis, .timestampMicros: .long
  case .boolean: .boolean
  case .float: .float
  case .double: .double
  case .string: .string
  case .bytes: .bytes
  case .fixed(_, let size): .fixed(size)
  case .enumeration(_, let symbols): .enumeration(symbols)
  case .nullable(let inner, let nullFirst):
    .union(nullFirst ? [.null, columnType(of: inner)] : [columnType(of: inner), .null])
  }
}
