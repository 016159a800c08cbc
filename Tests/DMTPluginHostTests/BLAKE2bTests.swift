import DMTPluginHost
import Testing

@Suite("BLAKE2b")
struct BLAKE2bTests {
  private func hex(_ bytes: [UInt8]) -> String {
    BLAKE2b.hash(bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test("the example of RFC 7693, and no bytes at all")
  func examples() {
    #expect(
      hex(Array("abc".utf8))
        == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923")
    #expect(
      hex([])
        == "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
        + "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce")
  }

  @Test(
    "messages around the length of a block, as Python's hashlib hashes them",
    arguments: [
      (1, "2fa3f686df876995167e7c2e5d74c4c7b6e48f8068fe0e44208344d480f7904c"),
      (127, "b6292669ccd38d5f01caae96ba272c76a879a45743afa0725d83b9ebb26665b7"),
      (128, "2319e3789c47e2daa5fe807f61bec2a1a6537fa03f19ff32e87eecbfd64b7e0e"),
      (129, "f59711d44a031d5f97a9413c065d1e614c417ede998590325f49bad2fd444d3e"),
      (255, "fe2c02da499516b0e9fb2dd70c49eb3629039f632e20a880946fb7bc97a7ab09"),
      (256, "93463ac058b6163eb43be3f5bb32b28541498f4e3366f1effe253ad44e1e076e"),
      (257, "9ca40e2ddee9436dbbd08efc65dbaf4870059f5eb3d76efd20241ae5bf13c60f"),
      (1000, "c11e1c0340bd7e5a1b275f1230c962fad215ecb1391486e74e31b960a2f29963"),
    ])
  func lengths(_ count: Int, _ beginning: String) {
    #expect(hex((0..<count).map { UInt8($0 % 251) }).hasPrefix(beginning))
  }
}
