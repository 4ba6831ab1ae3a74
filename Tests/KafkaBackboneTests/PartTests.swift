import CShim
import KafkaBackbone
import Processes
import Testing

@Suite struct PartTests {
  @Test func `an identity stands behind the frame`() {
    let batchValue: [UInt8] = [0, 0, 0, 0, 1, 6, 0x80, 0x02, 99]
    let found = batchValue.withUnsafeBytes { locateRecord($0) }
    #expect(found?.source == 3 && found?.sequence == 128)
  }

  @Test func `damaged and foreign payloads have no identity, and do no harm`() {
    let foreign: [[UInt8]] = [
      [], [0], [1, 0, 0, 0, 1, 6, 2], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 6],
      [0, 0, 0, 0, 1, 5, 2], [0, 0, 0, 0, 1, 6, 3], Array("some text".utf8),
      [0, 0, 0, 0, 1] + Array(repeating: 0xff, count: 20),
    ]
    for bytes in foreign {
      #expect(bytes.withUnsafeBytes { locateRecord($0) } == nil, "\(bytes)")
    }
    var state: UInt64 = 88
    for _ in 0..<2000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let count = Int(state >> 60)
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: state >> UInt64($0 * 4)) }
      _ = bytes.withUnsafeBytes { locateRecord($0) }
    }
  }

  @Test func `only Weir's own metadata says a snapshot`() {
    func number(_ text: String) -> UInt64? {
      Array(text.utf8).withUnsafeBytes { snapshotNumber($0) }
    }
    #expect(number("weir-snapshot 12") == 12)
    for text in [
      "", "12", "weir-snapshot ", "weir-snapshot -1", "weir-snapshot 1x", "checkpoint 3",
    ] {
      #expect(number(text) == nil, "\(text)")
    }
  }

  @Test func `a process is known by its number and its start`() throws {
    let me = try #require(ProcessIdentity(of: shim_process_id()))
    #expect(me.isAlive)
    #expect(!ProcessIdentity(number: me.number, start: me.start + 1).isAlive)
    #expect(ProcessIdentity(of: 1 << 30) == nil)
  }

  private func statistics(_ text: String) -> ClientStatistics? {
    Array(text.utf8).withUnsafeBytes { ClientStatistics($0) }
  }

  @Test func `a client's figures are found in what it says of itself`() throws {
    let text = #"""
      { "name": "rdkafka#producer-1", "client_id": "we\"ir", "brokers":{ "a:1/1": {
      "name":"a:1/1", "tx":7, "txbytes":70, "txretries":2, "toppars":{
      "t-0": { "topic":"t", "partition":0} } },
      "b:1/2": { "tx":5,"txretries": 1 } }, "topics":{ }, "tx":12, "tx_bytes":90 }
      """#
    let found = try #require(statistics(text))
    #expect(found.requests == 12 && found.retries == 3)
  }

  @Test func `what is cut off or foreign has no figures`() {
    let whole = #"{"brokers":{"a":{"tx":1,"txretries":2}},"tx":3}"#
    for count in 0..<whole.utf8.count {
      let cut = String(whole.prefix(count))
      #expect(statistics(cut) == nil, "\(cut)")
    }
    for text in ["", "null", "{}", #"{"brokers":{"tx":1}}"#, #"{"a" "b"}"#, "::::", #"{"\"#] {
      #expect(statistics(text) == nil, "\(text)")
    }
  }
}
