import Draws
import Testing

@Suite struct DrawStreamTests {
  @Test func `draws equal the published vectors`() {
    let family = DrawFamily(seed: 1, component: "healthcare.monitoring", purpose: "labs.delay")
    let stream = family.stream(7)
    #expect(stream.word(0) == 0x84ec_a2ea_be7c_38d6)
    #expect(stream.word(1) == 0xacae_2ec2_98ac_b941)
    #expect(stream.word(2) == 0x1204_56e6_fbdc_4ebe)
    #expect(stream.word(1_000_000_000_000) == 0x31bf_5986_bc7e_6b09)
  }
}
