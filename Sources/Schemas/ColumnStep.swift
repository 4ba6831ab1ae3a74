/// What is done to the bytes of one field.
struct Step {
  enum Action: UInt8 {
    case skipLong, readLong, readTime, readTimeColumn, checkInt, readInt, checkIndex, readIndex
    case checkBoolean, readBoolean, skipSized, skipFixed, union
    /// Tries to pass several numbers at once; the steps of each follow.
    case skipRun
  }

  static let noSlot: UInt8 = 255

  var action: Action
  /// The column that takes the value.
  var slot: UInt8
  /// Symbols of an enum, bytes of a fixed, index of the null branch, or numbers in a run.
  var bound: Int64 = 0

  static func compile(
    _ field: AvroField, slot: Int?, isTime: Bool
  ) throws(SchemaError) -> [Step] {
    let column = UInt8(slot ?? Int(noSlot))
    if isTime { return [Step(action: slot == nil ? .readTime : .readTimeColumn, slot: column)] }
    var type = field.type
    var steps: [Step] = []
    if case .nullable(let inner, let nullFirst) = type {
      steps.append(Step(action: .union, slot: column, bound: nullFirst ? 0 : 1))
      type = inner
    }
    let wanted = slot != nil
    switch type {
    case .int: steps.append(Step(action: wanted ? .readInt : .checkInt, slot: column))
    case .long, .timestampMillis, .timestampMicros:
      steps.append(Step(action: wanted ? .readLong : .skipLong, slot: column))
    case .boolean: steps.append(Step(action: wanted ? .readBoolean : .checkBoolean, slot: column))
    case .enumeration(_, let symbols):
      let action: Action = wanted ? .readIndex : .checkIndex
      steps.append(Step(action: action, slot: column, bound: Int64(symbols.count)))
    case .string, .bytes: steps.append(Step(action: .skipSized, slot: column))
    case .float: steps.append(Step(action: .skipFixed, slot: column, bound: 4))
    case .double: steps.append(Step(action: .skipFixed, slot: column, bound: 8))
    case .fixed(_, let size):
      steps.append(Step(action: .skipFixed, slot: column, bound: Int64(size)))
    case .nullable: throw SchemaError("the field \(field.name) is a union in a union")
    }
    switch steps[steps.count - 1].action {
    case .skipSized, .skipFixed:
      if wanted {
        throw SchemaError("the field \(field.name) is no integer, so it cannot be a column")
      }
    default: break
    }
    return steps
  }

  /// The same steps with runs of two or three unwanted numbers marked.
  static func markRuns(_ steps: [Step]) -> [Step] {
    var marked: [Step] = []
    var next = 0
    while next < steps.count {
      var length = 0
      // The step below a union may not be there, so it starts no run.
      let isFree = next == 0 || steps[next - 1].action != .union
      while isFree, length < 3, next + length < steps.count,
        steps[next + length].action == .skipLong || steps[next + length].action == .checkInt
      { length += 1 }
      if length >= 2 { marked.append(Step(action: .skipRun, slot: noSlot, bound: Int64(length))) }
      let taken = max(length, 1)
      marked += steps[next..<(next + taken)]
      next += taken
    }
    return marked
  }
}
