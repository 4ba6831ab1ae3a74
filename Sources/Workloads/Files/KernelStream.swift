import Bytes
import Draws
import Model
import Queries
import Scenarios
import Schemas

/// One stream of a workload file, generated: any block of any of its lanes alone.
struct KernelStream: Sendable {
  /// The lane of the workload with which the stream begins, and how many lanes it has.
  let firstLane: Int
  let lanes: Int
  let grid: BlockGrid
  private let stream: FileStream
  private let kernels: [CompiledKernel]
  private let fieldDraws: [DrawFamily]
  private let nullDraws: DrawFamily
  private let cascades: [CountCascade]
  private let quotas: [Quota]
  private let delays: [SendDelay]
  private let places: DrawFamily
  private let startMillis: Int64
  private let columns: [ColumnSource]
  private let longest: Int
  private let partitions: Int
  /// How many events arrive at once; nil: one.
  private let sizes: QuantileTable?
  /// Milliseconds to the unit of the event-time field.
  private let timeUnit: Int64

  init(
    _ stream: FileStream, populations: [MemberDraw], seed: UInt64, firstLane: Int, lanes: Int,
    perSecond: Double, startMillis: Int64, columns: [ColumnSource], partitions: Int
  ) {
    self.stream = stream
    self.partitions = partitions
    self.firstLane = firstLane
    self.lanes = lanes
    self.startMillis = startMillis
    self.columns = columns
    let perStamp = perSecond / 1_000 / Double(lanes)
    let grid = BlockGrid(rate: perStamp)
    self.grid = grid
    func family(_ purpose: String) -> DrawFamily {
      DrawFamily(seed: seed, component: "workload-file.\(stream.name)", purpose: purpose)
    }
    let fields = Array(stream.schema.fields.dropFirst(2))
    kernels = zip(stream.kernels, fields).map { kernel, field in
      CompiledKernel(kernel, name: field.name, populations: populations, seed: seed)
    }
    fieldDraws = fields.map { family("field.\($0.name)") }
    nullDraws = family("null")
    places = family("place")
    var perBatch = 1.0
    if let last = stream.batchSizes.last {
      let table = stream.batchSizes
      // The last size is reached at the end of the range alone.
      sizes = QuantileTable(range: table[0]...last) { Self.size(table, $0) }
      perBatch = (0..<1_024).reduce(0.0) { $0 + Self.size(table, (Double($1) + 0.5) / 1_024) }
      perBatch /= 1_024
    } else {
      sizes = nil
    }
    var profile = RateProfile(points: [(1_000, 1), (8_388_608, 1)])
    if case .bursty(let measured, let points) = stream.arrivals {
      profile = RateProfile(points: Self.moments(points, rate: measured / perBatch))
    }
    cascades = (0..<lanes).map {
      CountCascade(
        family: family("count"), lane: $0, rate: perStamp / perBatch, grid: grid, profile: profile,
        unevenness: 1)
    }
    let phases = family("phase").stream(0)
    quotas = (0..<lanes).map {
      Quota(perStamp * Double(1 << grid.level), phase: phases.word(UInt64($0)))
    }
    let ratio = Double(max(stream.delay.p99, 1)) / Double(max(stream.delay.median, 1))
    let sigma = portableLog(max(ratio, 1)) / 2.326_347_874_040_841
    delays = (0..<lanes).map {
      SendDelay(
        family: family("delay"), lane: $0, median: max(stream.delay.median, 1), sigma: sigma)
    }
    longest = zip(fields, stream.kernels).reduce(24) { $0 + Self.bytes($1.0, $1.1.kernel) }
    timeUnit = stream.schema.fields[stream.timeField].type == .timestampMicros ? 1_000 : 1
  }

  /// Second moments of the rate from indices of dispersion: 1 + (D - 1)/(mean count).
  private static func moments(
    _ points: [FileStream.Dispersion], rate: Double
  ) -> [(stamps: Double, moment: Double)] {
    var found = points.map { point in
      let stamps = Double(point.window / BlockGrid.stamp)
      return (stamps: stamps, moment: 1 + (point.index - 1) / (rate * stamps / 1_000))
    }
    // A moment never rises with the window, and ends at 1.
    for index in found.indices.dropFirst() {
      found[index].moment = min(found[index].moment, found[index - 1].moment)
    }
    if found[found.count - 1].stamps < 8_388_608 { found.append((8_388_608, 1)) }
    return found
  }

  /// The size at a probability: straight lines between quantiles.
  private static func size(_ table: [Int64], _ p: Double) -> Double {
    let place = p * Double(table.count - 1)
    let index = min(Int(place), table.count - 2)
    let rest = place - Double(index)
    return Double(table[index]) * (1 - rest) + Double(table[index + 1]) * rest
  }

  private static func bytes(_ field: AvroField, _ kernel: Kernel) -> Int {
    if case .fixed(_, let size) = field.type { return size + 2 }
    return 16 + 2 * kernel.longestText
  }

  func block(_ index: Int, lane: Int) -> EventBlock {
    let moments = moments(index, lane: lane)
    let count = moments.count
    let block = EventBlock(
      lane: UInt32(firstLane + lane), baseSequence: grid.baseSequence(of: index), count: count,
      byteCapacity: count * longest, columnCount: columns.count)
    if count == 0 { return block }
    let draws = fieldDraws.map { $0.indexed(UInt64(lane)).stream(UInt64(index)) }
    let nulls = nullDraws.indexed(UInt64(lane)).stream(UInt64(index))
    var out = RecordWriter(block.bytes)
    var values = [Int64](repeating: 0, count: kernels.count)
    var isNull = [Bool](repeating: false, count: kernels.count)
    for i in 0..<count {
      let sequence = block.baseSequence &+ UInt64(i)
      let moment = moments[i]
      let unique = Int64(bitPattern: sequence) &* Int64(lanes) &+ Int64(lane)
      for (place, kernel) in kernels.enumerated() {
        let member = kernel.owner.map { values[$0 - 2] } ?? 0
        values[place] = kernel.sample(
          draws[place].word(UInt64(i)), unique: unique, time: moment.millis &* timeUnit,
          member: member)
        isNull[place] =
          kernel.nullBelow > 0
          && nulls.word(UInt64(i &* kernels.count &+ place)) < kernel.nullBelow
      }
      if moment.isMarker, let markers = stream.markers {
        values[markers.field - 2] = markers.symbol
      }
      block.intendedAt[i] = moment.send
      block.eventTime[i] = moment.millis &* .millisecond
      write(i, sequence, moment.isMarker, values, isNull, block, &out)
    }
    return block
  }

  private func write(
    _ i: Int, _ sequence: UInt64, _ isMarker: Bool, _ values: [Int64], _ isNull: [Bool],
    _ block: EventBlock, _ out: inout RecordWriter
  ) {
    let fields = stream.schema.fields
    let start = out.at
    if isMarker {
      block.keyLength[i] = RecordEntry.markerKey
    } else if let key = stream.keyField {
      let place = key - 2
      if stream.schema.fields[key].type != .string && stream.schema.fields[key].type != .bytes {
        out.bigEndian(UInt64(bitPattern: values[place]))
      } else {
        out.bytes(text(place, values[place]))
      }
      block.keyLength[i] = UInt16(out.at - start)
    } else {
      block.keyLength[i] = RecordEntry.noKey
    }
    let value = out.at
    out.frame(stream.schemaID)
    out.unsigned(UInt64(block.lane))
    out.unsigned(sequence)
    for place in kernels.indices {
      field(fields[place + 2].type, place, values[place], isNull[place], &out)
    }
    block.start[i + 1] = UInt32(truncatingIfNeeded: out.at - block.bytes)
    block.digest[i] = digest64(value, out.at - value)
    fill(i, sequence, values, isNull, start, block)
  }

  private func text(_ place: Int, _ value: Int64) -> [UInt8] {
    let kernel = kernels[place]
    if kernel.letters == 0 {
      return kernel.texts.isEmpty ? Array(String(value).utf8) : kernel.texts[Int(value)]
    }
    let signs = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    var word = UInt64(bitPattern: value)
    return (0..<kernel.letters).map { letter in
      if letter % 12 == 0 { word = mix(word &+ golden) }
      defer { word >>= 5 }
      return signs[Int(word & 31)]
    }
  }

  private func field(
    _ type: AvroType, _ place: Int, _ value: Int64, _ isNull: Bool, _ out: inout RecordWriter
  ) {
    switch type {
    case .nullable(let inner, let nullFirst):
      out.unsigned(isNull == nullFirst ? 0 : 1)
      if !isNull { field(inner, place, value, false, &out) }
    case .int, .long, .timestampMillis, .timestampMicros, .enumeration: out.signed(value)
    case .boolean: out.byte(UInt8(truncatingIfNeeded: value))
    case .float: out.littleEndian(UInt64(Float(Double(value) / 1_000_000).bitPattern), 4)
    case .double: out.littleEndian((Double(value) / 1_000_000).bitPattern, 8)
    case .string, .bytes:
      let bytes = text(place, value)
      out.unsigned(UInt64(bytes.count))
      out.bytes(bytes)
    case .fixed(_, let size): out.noise(UInt64(bitPattern: value), size)
    }
  }

  private func fill(
    _ i: Int, _ sequence: UInt64, _ values: [Int64], _ isNull: [Bool],
    _ key: UnsafeMutablePointer<UInt8>, _ block: EventBlock
  ) {
    var nulls: UInt32 = 0
    for (column, source) in columns.enumerated() {
      var cell: Int64 = 0
      switch source {
      case .source: cell = Int64(block.lane)
      case .sequence: cell = Int64(bitPattern: sequence)
      case .valueDigest: cell = Int64(bitPattern: block.digest[i])
      case .keyDigest:
        if block.keyLength[i] >= RecordEntry.markerKey {
          nulls |= 1 << UInt32(column)
        } else {
          cell = Int64(bitPattern: digest64(key, Int(block.keyLength[i])))
        }
      case .field(let name), .text(let name), .textDigest(let name):
        let place = (stream.schema.index(of: name) ?? 2) - 2
        if isNull[place] {
          nulls |= 1 << UInt32(column)
        } else if case .text = source {
          cell = text(place, values[place]).withUnsafeBytes { packedText($0) } ?? 0
        } else if case .textDigest = source {
          cell = Int64(bitPattern: digest64(text(place, values[place])))
        } else {
          cell = values[place]
        }
      }
      block.columns[column][i] = cell
    }
    block.nulls[i] = nulls
  }

  /// When an event happens, in milliseconds since 1970, and when it is sent.
  private struct Moment {
    var millis: Int64
    var send: Nanoseconds
    var isMarker = false
  }

  /// The delay of a lane's channel around one block.
  private struct Channel {
    let knots: [Nanoseconds]
    let zero: Nanoseconds
    /// Between knots.
    let spacing: Nanoseconds

    func send(_ at: Nanoseconds) -> Nanoseconds {
      let from = at - zero
      let knot = min(Int(from / spacing), knots.count - 2)
      let into = from - Nanoseconds(knot) * spacing
      return at + knots[knot] + (knots[knot + 1] - knots[knot]) * into / spacing
    }
  }

  /// The events of a block in the order of their instants, markers among them.
  private func moments(_ index: Int, lane: Int) -> [Moment] {
    let stamps = 1 << grid.level
    let first = grid.firstStamp(of: index)
    let spacing = delays[lane].spacing
    let zero = floorDivide(first, spacing) * spacing
    let channel = Channel(
      knots: delays[lane].knots(first: first, count: stamps),
      zero: Nanoseconds(zero) * BlockGrid.stamp, spacing: Nanoseconds(spacing) * BlockGrid.stamp)
    var moments =
      stream.arrivals == .even
      ? evenMoments(index, lane, channel) : scatteredMoments(index, lane, channel)
    if let markers = stream.markers { add(markers, index, channel, to: &moments) }
    return moments
  }

  /// The last whole stamp at or before a time.
  func stamped(_ millis: Int64) -> Int64 {
    Int64(floorDivide(Int(millis), Int(stream.stamp))) * stream.stamp
  }

  private func evenMoments(_ index: Int, _ lane: Int, _ channel: Channel) -> [Moment] {
    let count = quotas[lane].count(index)
    let draws = places.indexed(UInt64(lane)).stream(UInt64(index))
    let part = grid.length / Int64(max(count, 1))
    return (0..<count).map { i in
      let into = Int64(bitPattern: draws.below(UInt64(max(part, 1)), UInt64(i)))
      let at = grid.start(of: index) + Int64(i) * part + into
      return Moment(millis: stamped(startMillis + at / BlockGrid.stamp), send: channel.send(at))
    }
  }

  private func scatteredMoments(_ index: Int, _ lane: Int, _ channel: Channel) -> [Moment] {
    let stamps = 1 << grid.level
    let first = grid.firstStamp(of: index)
    var counts = [UInt32](repeating: 0, count: stamps)
    counts.withUnsafeMutableBufferPointer { counts in
      guard let base = counts.baseAddress else { return }
      _ = cascades[lane].place(block: index, into: base)
    }
    var moments: [Moment] = []
    let draws = places.indexed(UInt64(lane)).stream(UInt64(index))
    for stamp in 0..<stamps where counts[stamp] > 0 {
      let begin = Nanoseconds(first + stamp) * BlockGrid.stamp
      let part = BlockGrid.stamp / Nanoseconds(counts[stamp])
      for i in 0..<Nanoseconds(counts[stamp]) {
        let moment = Moment(
          millis: stamped(startMillis + Int64(first + stamp)),
          send: channel.send(begin + i * part))
        let size = sizes?.sample(draws.word(UInt64(moments.count))) ?? 1
        moments.append(contentsOf: repeatElement(moment, count: Int(size)))
      }
    }
    return moments
  }

  /// Puts the markers of a block among its events, one for each partition side by side.
  private func add(
    _ markers: FileStream.Markers, _ index: Int, _ channel: Channel, to moments: inout [Moment]
  ) {
    let (start, end) = (grid.start(of: index), grid.start(of: index + 1))
    var at = (start + markers.every - 1) / markers.every * markers.every
    while at < end {
      let millis = stamped(startMillis + at / BlockGrid.stamp)
      let marker = Moment(millis: millis, send: channel.send(at), isMarker: true)
      let place = moments.firstIndex { $0.send > marker.send } ?? moments.count
      moments.insert(contentsOf: repeatElement(marker, count: partitions), at: place)
      at += markers.every
    }
  }
}
