import Reporting
import Statistics
import Testing

@Suite struct EscapedTests {
  @Test func `hidden characters are written out`() {
    #expect(Escaped("a\0b").terminal == "a\\u{0000}b")
    #expect(Escaped("\u{1B}[31m").html == "\\u{001B}[31m")
    #expect(Escaped("x\u{202E}y\u{200B}\u{E000}").html == "x\\u{202E}y\\u{200B}\\u{E000}")
    #expect(Escaped("Z\u{FC}rich").html == "Z\u{FC}rich")
    #expect(Escaped("Z\u{FC}rich").terminal == "Z\\u{00FC}rich")
    #expect(Escaped("a\nb").html == "a\\u{000A}b")
    #expect(Escaped("a\nb", lines: true).html == "a\nb")
  }

  @Test func `each target gets what it needs`() {
    let text = Escaped("<a href=\"x\">&'`|*</script>")
    #expect(text.html == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;`|*&lt;/script&gt;")
    #expect(text.json == "\"\\u003Ca href=\\\"x\\\"\\u003E\\u0026'`|*\\u003C/script\\u003E\"")
    #expect(!text.markdown.contains("<") && text.markdown.contains("\\|"))
    #expect(Escaped("a`b|c").markdownCode == "`` a`b\\|c ``")
    #expect(Escaped("# head").markdown == "\\# head")
  }

  @Test func `payloads and broken names show their bytes`() {
    #expect(Escaped(payload: [0x41, 0x5C, 0x00, 0xFF, 0x7E]).terminal == "A\\\\\\x00\\xFF~")
    #expect(Escaped(bytes: [0x41, 0xFF, 0xC3, 0xBC]).html == "A\\xFF\u{FC}")
    #expect(Escaped(bytes: [0xE2, 0x80, 0xAE, 0x42]).html == "\\u{202E}B")
  }

  @Test func `what is too long is cut with its length, and no escape is split`() {
    let long = Escaped(String(repeating: "k", count: 1 << 20))
    #expect(long.html == String(repeating: "k", count: 256) + "... (1048576 characters)")
    let edge = Escaped(String(repeating: "k", count: 255) + "\0")
    #expect(edge.html == String(repeating: "k", count: 255) + "... (263 characters)")
    #expect(Escaped(String(repeating: "k", count: 256)).html.count == 256)
  }

  @Test func `random bytes never leave a control character`() {
    var noise = Noise()
    for _ in 0..<300 {
      let bytes = (0..<Int(noise.next(40))).map { _ in UInt8(noise.next(256)) }
      let all = [
        Escaped(bytes: bytes), Escaped(payload: bytes),
        Escaped(String(decoding: bytes, as: UTF8.self)),
      ]
      for text in all {
        for form in [text.html, text.json, text.markdown, text.markdownCode, text.xml] {
          let values = form.unicodeScalars.map(\.value)
          #expect(!values.contains { $0 < 32 || ($0 >= 127 && $0 < 160) })
        }
        #expect(!text.html.contains("<") && !text.html.contains("\""))
        #expect(text.terminal.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value < 127 })
      }
    }
  }
}

@Suite struct NumberStyleTests {
  @Test func `durations have three digits in the greatest unit`() {
    let style = NumberStyle.plain
    let cases: [(Int64, String)] = [
      (0, "0 ns"), (999, "999 ns"), (1_000, "1.00 us"), (398_400_000, "398 ms"),
      (2_410_000_000, "2.41 s"), (999_600_000, "1.00 s"), (9_995_000, "10.0 ms"),
      (9_985_000, "9.98 ms"), (59_960_000_000, "60.0 s"), (3_600_000_000_000, "60.0 min"),
      (-5_000_000, "-5.00 ms"), (300_000_000_000, "300 s"),
    ]
    for (value, text) in cases { #expect(style.duration(value) == text) }
    #expect(NumberStyle.page.duration(1_500) == "1.50\u{A0}\u{B5}s")
    #expect(style.chosen(500_000_000) == "500 ms" && style.chosen(2_000_000_000) == "2 s")
  }

  @Test func `a value is never rounded across its limit`() {
    let style = NumberStyle.plain
    #expect(style.duration(49_970_000, beside: 50_000_000) == "49.97 ms")
    #expect(style.duration(50_000_001, beside: 50_000_000) == "50.000001 ms")
    #expect(style.duration(24_400_000, beside: 50_000_000) == "24.4 ms")
    #expect(style.duration(50_000_000, beside: 50_000_000) == "50.0 ms")
  }

  @Test func `counts, rates, shares and bytes`() {
    let style = NumberStyle.plain
    #expect(style.count(1_600_000) == "1,600,000" && style.count(-12_345) == "-12,345")
    #expect(style.rate(19_999.6) == "20,000/s" && style.rate(1.104) == "1.10/s")
    #expect(style.percent(1) == "100.0 %" && style.percent(0.99999) == "99.9 %")
    #expect(style.percent(0) == "0.0 %" && style.percent(0.0000001) == "under 0.1 %")
    #expect(style.percent(0.748, decimals: 0) == "75 %")
    #expect(style.bytes(64_000_000) == "61.0 MiB" && style.bytes(512) == "512 B")
    #expect(style.three(28) == "28.0" && style.three(0.0312) == "0.0312")
    #expect(style.instant(-30_000_000_000, decimals: 0) == "-0:30")
    #expect(style.instant(194_815_999_999, decimals: 3) == "3:14.815")
  }

  @Test func `rounding goes to even halves`() {
    #expect(halfToEven(0.5) == 0 && halfToEven(1.5) == 2 && halfToEven(-2.5) == -2)
    #expect(halfToEven(1e300) == 1e300 && floored(-0.5) == -1 && ceiled(0.5) == 1)
  }
}
