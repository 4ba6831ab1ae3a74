/// The members of objects that a mapping wants. A column is the names of nested members joined by
/// dots; a name that has dots itself is found too.
final class MemberTree {
  struct Member {
    let name: [UInt8]
    /// The column whose value this is; -1 when it is none.
    var column = -1
    /// What is wanted below it.
    var below: MemberTree?
  }

  private(set) final var members: [Member] = []
  /// Where the next member is likely to be: rows have the same order.
  final var likely = 0

  init(_ columns: [String]) {
    for (index, column) in columns.enumerated() { add(Array(column.utf8), index) }
  }

  private init() {}

  private func add(_ path: [UInt8], _ column: Int) {
    members[place(of: path)].column = column
    for dot in path.indices where path[dot] == UInt8(ascii: ".") && dot > 0 {
      let place = place(of: Array(path[..<dot]))
      let below = members[place].below ?? MemberTree()
      members[place].below = below
      below.add(Array(path[(dot + 1)...]), column)
    }
  }

  private func place(of name: [UInt8]) -> Int {
    if let place = members.firstIndex(where: { $0.name == name }) { return place }
    members.append(Member(name: name))
    return members.count - 1
  }

  /// The member of a name; nil when it is not wanted.
  final func find(_ name: UnsafeRawBufferPointer) -> Int? {
    for offset in 0..<members.count {
      var place = likely &+ offset
      if place >= members.count { place &-= members.count }
      let known = members[place].name
      if known.count == name.count && name.elementsEqual(known) {
        likely = place &+ 1 == members.count ? 0 : place &+ 1
        return place
      }
    }
    return nil
  }
}
