// The power fails under the real server and under the real client: what was acknowledged is on the disk. Tests/Faults/power.c is the disk.
import Foundation
import GRDB
import Testing

/// What a power cut leaves of one folder of a house.
struct CutPower {
  private let house: ProcessHouse
  private let folder: String
  private let disk: String
  private let library: String

  /// - Parameter folder: which is watched; as it is now, it is on the disk.
  init(_ house: ProcessHouse, folder: String) async throws {
    self.house = house
    self.folder = house.path(folder)
    disk = house.path("disk-\(UUID().uuidString)")
    library = house.path("power.so")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    if !FileManager.default.fileExists(atPath: library) {
      let build = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Faults/build").path
      let compiler = try ChildProcess(
        build, [house.folder], environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"], folder: house.folder,
        output: house.path("compiler"))
      try #require(try await compiler.end() == 0, "Tests/Faults/build failed: a C compiler is needed: \(compiler.errors)")
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: self.folder).map { self.folder + "/" + $0 }
    let sync = try ChildProcess("/usr/bin/sync", files + [self.folder], environment: environment(), folder: house.folder, output: disk + ".sync")
    try #require(try await sync.end() == 0, "\(sync.errors)")
  }

  /// - Parameter cut: at which synchronisation the power fails; never where nil.
  func environment(cut: Int? = nil, torn: Bool = false) -> [String: String] {
    var environment = ["LD_PRELOAD": library, "POWER_DISK": disk, "POWER_FOLDER": folder]
    if let cut { environment["POWER_CUT"] = "\(cut)" }
    if torn { environment["POWER_TORN"] = "1" }
    return environment
  }

  static let status: Int32 = 99

  /// The folder becomes what the disk has of it.
  func restore() throws { try restore(to: folder) }

  func restore(to target: String) throws {
    try? FileManager.default.removeItem(atPath: target)
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    for line in try String(contentsOfFile: disk + "/names", encoding: .utf8).split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      let content = FileManager.default.contents(atPath: disk + "/content/" + words[0]) ?? Data()
      try #require(FileManager.default.createFile(atPath: target + "/" + words[1], contents: content, attributes: [.posixPermissions: 0o600]))
    }
  }
}

@Suite(.serialized, .oneAtATime) struct HousePowerCutTests {
  private func waiting(_ database: String) throws -> Int {
    try DatabaseQueue(path: database).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM mail") ?? 0 }
  }

  @Test(arguments: [false, true]) func theServersPowerFails(torn: Bool) async throws {
    let house = try ProcessHouse()
    try await house.people("anna", "bert")
    var texts = ["anna 0"]
    try await house.chat("anna", "send", "bert", texts[0])
    try await house.chat("bert", "list")
    try await house.chat("anna", "list")
    var cuts = 0
    for cut in [12, 17, 21, 26] {
      try await house.stop()
      let before = try waiting(house.database)
      let power = try await CutPower(house, folder: "server")
      try power.restore(to: house.path("before"))
      try await house.start(environment: power.environment(cut: cut, torn: torn))
      var acknowledged = 0
      while house.server?.status == nil, acknowledged < 60 {
        let text = "anna \(texts.count)"
        let finished = try await house.run("anna", ["send", "bert", text])
        #expect(finished.status == 0, "\(finished.all)")
        texts.append(text)
        if finished.output == ["sent"] { acknowledged += 1 }
      }
      if house.server?.status == CutPower.status, acknowledged > 0 { cuts += 1 }
      #expect(house.server?.status == CutPower.status, "cut \(cut): \(house.server?.errors ?? "")")
      try power.restore()
      // Bert was away all the time: what was acknowledged waits for him.
      try power.restore(to: house.path("after"))
      let after = try waiting(house.path("after/house.sqlite"))
      #expect(after >= before + acknowledged, "cut \(cut): \(acknowledged) were acknowledged, \(after - before) are there")
      // The control: what the disk had before does not pass this check.
      let had = try waiting(house.path("before/house.sqlite"))
      #expect(had < before + acknowledged)
      try await house.start()
    }
    #expect(cuts >= 3)
    try await arrived(house, texts)
  }

  @Test(arguments: [false, true]) func theClientsPowerFails(torn: Bool) async throws {
    let house = try ProcessHouse()
    try await house.people("anna", "bert")
    var texts = ["anna 0"]
    var perhaps: [String] = []
    try await house.chat("anna", "send", "bert", texts[0])
    try await house.chat("bert", "list")
    try await house.chat("anna", "list")
    var cut = 1
    while cut < 40 {
      let power = try await CutPower(house, folder: "anna/hauspost/default")
      let text = "anna \(cut)"
      let finished = try await house.run("anna", ["send", "bert", text], environment: power.environment(cut: cut, torn: torn))
      // Also “stored here” is a promise.
      if finished.output.isEmpty { perhaps.append(text) } else { texts.append(text) }
      try power.restore()
      if finished.status == 0 { break }
      #expect(finished.status == CutPower.status, "cut \(cut): \(finished.all)")
      cut += 1
    }
    #expect(cut > 3)
    try await house.chat("anna", "send", "bert", "anna 1000")
    try await arrived(house, texts + ["anna 1000"], perhaps: perhaps)
  }

  /// Who has joined and was told so is a member, whatever happens to the power; who was not told tries again.
  @Test func thePowerFailsWhileJoining() async throws {
    let house = try ProcessHouse()
    try await house.people("anna")
    var cut = 1
    while cut < 40 {
      let link = try #require(try await house.objects("anna", "invite", "Neu \(cut)").first?["link"] as? String)
      let device = "neu\(cut)"
      try FileManager.default.createDirectory(atPath: house.path(device + "/hauspost/default"), withIntermediateDirectories: true)
      let power = try await CutPower(house, folder: device + "/hauspost/default")
      let join = ["join", link, "--address", device]
      let finished = try await house.run(device, join, environment: power.environment(cut: cut))
      try power.restore()
      if finished.output.isEmpty {
        let again = try await house.run(device, join)
        // It may have been done but for the telling.
        #expect(again.status == 0 || again.all.first == "error: This profile has joined a house already.", "cut \(cut): \(again.all)")
      }
      #expect(try await house.chat(device, "status").first?.contains("<\(device)@localhost>") == true)
      if finished.status == 0 { break }
      #expect(finished.status == CutPower.status, "cut \(cut): \(finished.all)")
      cut += 1
    }
    #expect(cut > 3)
  }

  private func arrived(_ house: ProcessHouse, _ texts: [String], perhaps: [String] = []) async throws {
    try await house.chat("anna", "list")
    var received: [String] = []
    let isThere = try await soon {
      received = try await house.texts("bert", "anna")
      return Set(received).isSuperset(of: texts)
    }
    #expect(isThere, "missing: \(Set(texts).subtracting(received).sorted())")
    #expect(Set(received).count == received.count, "\(received)")
    #expect(Set(received).subtracting(texts).isSubset(of: perhaps))
    #expect(try await house.texts("anna", "bert") == received)
  }
}
