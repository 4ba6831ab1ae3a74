/// What is done to the bytes of one field. All but booleans and fixed ones begin with a number.
struct Step {
  enum Action: UInt8 {
    /// A number: an int, a long, the index of an enum.
    case number
    /// The index of a branch; the step of the branch that is not null follows.
    case union
    /// A length and as many bytes.
    case sized
    /// The same, packed into the column.
    case text
    /// The same, its digest in the column.
    case digest
    case boolean
    /// As many bytes as the limit says.
    case fixed
    case time
    /// Tries to pass as many numbers as the limit says at once; the step of each follows.
    case run
    case end
  }

  static let noSlot: UInt8 = 255

  var action: Action
  /// The column that takes the value.
  var slot: UInt8
  /// The index of the null branch in its encoded form.
  var null: UInt8 = 0
  /// Bits that are not set in an encoded value of this type: an index is never negative.
  var forbidden: UInt8 = 0
  /// The greatest encoded value.
  var limit: UInt64 = .max

  /// Zigzag makes 32 bits of an int, and twice its value of an index.
  private static let greatestInt: UInt64 = 0xffff_ffff

  /// What a column takes of a field.
  enum Reading { case number, text, digest }

  static func compile(
    _ field: AvroField, slot: Int?, isTime: Bool, reading: Reading = .number
  ) throws(SchemaError) -> [Step] {
    let column = UInt8(slot ?? Int(noSlot))
    if isTime { return [Step(action: .time, slot: column)] }
    var type = field.type
    var steps: [Step] = []
    if case .nullable(let inner, let nullFirst) = type {
      steps.append(
        Step(action: .union, slot: column, null: nullFirst ? 0 : 2, forbidden: 1, limit: 2))
      type = inner
    }
    switch type {
    case .int: steps.append(Step(action: .number, slot: column, limit: greatestInt))
    case .long, .timestampMillis, .timestampMicros:
      steps.append(Step(action: .number, slot: column))
    case .enumeration(_, let symbols):
      steps.append(
        Step(
          action: .number, slot: column, forbidden: 1, limit: UInt64(2 * (symbols.count - 1))))
    case .boolean: steps.append(Step(action: .boolean, slot: column))
    case .string, .bytes:
      let actions: [Reading: Action] = [.text: .text, .digest: .digest]
      steps.append(
        Step(action: slot == nil ? .sized : actions[reading] ?? .sized, slot: column, forbidden: 1))
    case .float: steps.append(Step(action: .fixed, slot: column, limit: 4))
    case .double: steps.append(Step(action: .fixed, slot: column, limit: 8))
    case .fixed(_, let size):
      steps.append(Step(action: .fixed, slot: column, limit: UInt64(size)))
    case .nullable: throw SchemaError("the field \(field.name) is a union in a union")
    }
    switch steps[steps.count - 1].action {
    case .text, .digest: break
    case _ where slot != nil && reading != .number:
      throw SchemaError("the field \(field.name) is no string, so it cannot be read as one")
    case .sized, .fixed:
      if slot != nil {
        throw SchemaError("the field \(field.name) is no integer, so it cannot be a column")
      }
    default: break
    }
    return steps
  }

  /// An int or long that is passed over.
  private var isUnwanted: Bool {
    action == .number && slot == Step.noSlot && forbidden == 0
  }

  /// The same steps with runs of two or three unwanted numbers marked.
  static func markRuns(_ steps: [Step]) -> [Step] {
    var marked: [Step] = []
    var next = 0
    while next < steps.count {
      var length = 0
      // The step below a union may not be there, so it starts no run.
      let isFree = next == 0 || steps[next - 1].action != .union
      while isFree, length < 3, next + length < steps.count, steps[next + length].isUnwanted {
        length += 1
      }
      if length >= 2 { marked.append(Step(action: .run, slot: noSlot, limit: UInt64(length))) }
      let taken = max(length, 1)
      marked += steps[next..<(next + taken)]
      next += taken
    }
    return marked
  }
}
