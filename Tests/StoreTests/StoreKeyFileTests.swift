// The key's wrapping: with and without a passphrase, changes of it, damaged files, and the format as other tools compute it.
import CryptoInterface
import Foundation
import MessengerStore
import Testing

@Suite struct StoreKeyFileTests {
  /// scrypt that takes a millisecond.
  static let cheap = StoreKeyFile.Cost(log2N: 4, r: 8, p: 1)

  private func file(_ folder: TestFolder) -> StoreKeyFile { StoreKeyFile(path: folder.file("keys/store.key"), cost: Self.cheap) }

  @Test func withoutPassphrase() throws {
    let folder = try TestFolder()
    let file = file(folder)
    #expect(throws: StoreError.noKey) { try file.open(passphrase: nil) }
    let key = try file.create(passphrase: nil)
    #expect(key.count == 32 && !key.isAllZero)
    #expect(try file.needsPassphrase == false)
    #expect(try file.open(passphrase: nil) == key)
    #expect(try TestFolder.mode(file.path) == 0o600)
    #expect(try TestFolder.mode(folder.file("keys")) == 0o700)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("keys")) == ["store.key"])
    // Never a second key over the first.
    #expect(throws: StoreError.keyExists) { try file.create(passphrase: nil) }
    #expect(try file.open(passphrase: nil) == key)
  }

  @Test func withPassphrase() throws {
    let folder = try TestFolder()
    let file = file(folder)
    let key = try file.create(passphrase: "Zo\u{eb}'s key")
    #expect(try file.needsPassphrase)
    #expect(try file.open(passphrase: "Zo\u{eb}'s key") == key)
    // The same letters, composed otherwise.
    #expect(try file.open(passphrase: "Zoe\u{308}'s key") == key)
    #expect(throws: StoreError.wrongPassphrase) { try file.open(passphrase: "Zoe's key") }
    #expect(throws: StoreError.passphraseNeeded) { try file.open(passphrase: nil) }
    #expect(throws: StoreError.emptyPassphrase) { try file.open(passphrase: "") }
    let bytes = try contents(file.path)
    #expect(Data(bytes).range(of: Data(key.exposed)) == nil)
    // Of two files with one passphrase nothing is alike behind the parameters.
    let other = StoreKeyFile(path: folder.file("other.key"), cost: Self.cheap)
    #expect(try other.create(passphrase: "Zo\u{eb}'s key") != key)
    #expect(try contents(other.path)[13..<29] != bytes[13..<29])
    #expect(throws: StoreError.emptyPassphrase) { try StoreKeyFile(path: folder.file("x.key"), cost: Self.cheap).create(passphrase: "") }
    #expect(!FileManager.default.fileExists(atPath: folder.file("x.key")))
  }

  @Test func changes() throws {
    let folder = try TestFolder()
    let file = file(folder)
    let key = try file.create(passphrase: nil)
    try file.changePassphrase(from: nil, to: "one")
    #expect(try file.open(passphrase: "one") == key)
    #expect(throws: StoreError.wrongPassphrase) { try file.changePassphrase(from: "two", to: "three") }
    #expect(throws: StoreError.emptyPassphrase) { try file.changePassphrase(from: "one", to: "") }
    #expect(try file.open(passphrase: "one") == key)
    // Something left by a crash is in nobody's way.
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file.path + ".new"))
    try file.changePassphrase(from: "one", to: "two")
    #expect(throws: StoreError.wrongPassphrase) { try file.open(passphrase: "one") }
    #expect(try file.open(passphrase: "two") == key)
    try file.changePassphrase(from: "two", to: nil)
    #expect(try file.open(passphrase: nil) == key)
    #expect(try TestFolder.mode(file.path) == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("keys")) == ["store.key"])
  }

  /// Every flipped bit and every cut is damage, not a wrong passphrase.
  @Test(arguments: [nil, "pass"])
  func damage(passphrase: String?) throws {
    let folder = try TestFolder()
    let file = file(folder)
    let key = try file.create(passphrase: passphrase)
    let good = try contents(file.path)
    let url = URL(fileURLWithPath: file.path)
    for i in good.indices {
      var bad = good
      bad[i] ^= 0x40
      try Data(bad).write(to: url)
      // The version's byte says that a newer program wrote this.
      #expect(throws: i == 8 ? StoreError.newerVersion(0x41) : .damaged) { try file.open(passphrase: passphrase) }
    }
    for count in [0, 7, 8, 9, 40, good.count - 1] {
      try Data(good[..<count]).write(to: url)
      #expect(throws: StoreError.damaged) { try file.open(passphrase: passphrase) }
    }
    try Data(good + [UInt8](repeating: 0, count: 300)).write(to: url)
    #expect(throws: StoreError.damaged) { try file.open(passphrase: passphrase) }
    try Data(good).write(to: url)
    #expect(try file.open(passphrase: passphrase) == key)
  }

  /// A file made with Python: hashlib.scrypt, cryptography's ChaCha20Poly1305, hashlib.sha256.
  @Test func theFormatIsWhatItSays() throws {
    let digits = """
      73746f72656b657901010a0801000102030405060708090a0b0c0d0e0f6465666768696a6b6c6d6e6fed536fa254ea5edd97cfb60cd97d05a5ab05299192673165802087d5\
      b9e70191a0119d90609bcbfb723d5a2a17f1378e43a32a2952d53ffc2f4be3ef83e5fa765d1807514f39d69199b20ad87d1de900
      """
    let bytes = stride(from: 0, to: digits.utf8.count, by: 2).map { i in
      UInt8(String(decoding: Array(digits.utf8)[i..<i + 2], as: UTF8.self), radix: 16)!
    }
    let folder = try TestFolder()
    let path = folder.file("store.key")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(try StoreKeyFile(path: path).open(passphrase: "Zo\u{eb}'s key").exposed == [UInt8](repeating: 7, count: 32))
    #expect(throws: StoreError.wrongPassphrase) { try StoreKeyFile(path: path).open(passphrase: "Zo\u{eb}s key") }
  }

  /// The parameters people get.
  @Test func theStandardCost() throws {
    let folder = try TestFolder()
    let file = StoreKeyFile(path: folder.file("store.key"))
    let key = try file.create(passphrase: "pass")
    #expect(Array(try contents(file.path)[10..<13]) == [17, 8, 1])
    #expect(try file.open(passphrase: "pass") == key)
  }
}
