// What the signatures in requests cover. The labels are Identity's (`SigningLabel`).
import TLSCodec

extension LogIn {
  ///     struct {
  ///         opaque challenge[32];   // of the greeting
  ///         opaque house[32];       // HouseID
  ///         uint32 incarnation;
  ///         opaque account[32];
  ///         opaque device[16];
  ///         opaque instance[16];
  ///         uint64 session;
  ///         uint8 afresh;
  ///     } LogInTBS;
  public func signedContent(challenge: [UInt8], house: [UInt8], incarnation: UInt32) -> [UInt8] {
    var w = Writer(capacity: 160)
    w.fixed(challenge)
    w.fixed(house)
    w.uint32(incarnation)
    w.fixed(account)
    w.fixed(device)
    w.fixed(instance)
    w.uint64(session)
    w.uint8(afresh ? 1 : 0)
    return w.bytes
  }
}

extension SetUp {
  /// SignedHouse ‖ SignedStatement, each as a vector.
  public var signedContent: [UInt8] {
    var w = Writer(capacity: house.count + genesis.count + 8)
    w.opaque(house)
    w.opaque(genesis)
    return w.bytes
  }
}

extension ReportRequest {
  ///     struct {
  ///         opaque group<V>;
  ///         uint64 epoch;
  ///         opaque commit_hash[32];
  ///     } ReportTBS;
  public var signedContent: [UInt8] {
    var w = Writer(capacity: group.count + 48)
    w.opaque(group)
    w.uint64(epoch)
    w.fixed(commitHash)
    return w.bytes
  }
}
