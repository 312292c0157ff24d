// What a client may do and how long things are kept, each with its reason. A house may configure others; tests do.

/// So many at once, and so many a second after that.
public struct Allowance: Sendable, Equatable {
  public var burst: Double
  public var perSecond: Double
  public init(burst: Double, perSecond: Double) {
    self.burst = burst
    self.perSecond = perSecond
  }
}

public struct DeliveryLimits: Sendable, Equatable {
  /// Days that mail waits for its device.
  public var mailDays: Day = 30
  /// Days that answers are remembered: longer than mail waits, so that a device that was away for all of it can still ask again.
  public var requestDays: Day = 40
  /// Rows that are given to a device before it has acknowledged earlier ones: bounds what a device that stores nothing costs.
  public var inFlight = 256
  /// Bytes given to a device at once: a few commits of the largest groups.
  public var deliveryBytes = 8 << 20
  /// Steps of a mailbox's key chain that one request may cost: 30 days of a thousand messages a day, thirty times over. About a second.
  public var ratchetSteps: UInt64 = 1 << 20
  /// Devices of a group with X-Wing keys: a commit to more exceeds 4 MB.
  public var xwingMembers: UInt32 = 1_000
  /// Devices of a group of a classical suite.
  public var classicalMembers: UInt32 = 10_000
  /// Bytes of a chains answer; what is left out is asked for again.
  public var chainsAnswerBytes = 2 << 20
  /// Groups whose trees are held parsed in memory: a tree of 1,000 X-Wing members takes a few MB.
  public var cachedGroups = 256
  /// Chains held parsed in memory: some kB each.
  public var cachedChains = 4_096
  /// Key packages of a device in the pool; uploads beyond it are refused.
  public var keyPackages = 64
  /// Minutes that a link slot lives: as long as somebody fetches the other device.
  public var linkMinutes: UInt64 = 10
  /// Link slots of one device and of the whole house, since they live in memory with up to 128 kB each.
  public var linkSlotsPerDevice = 4
  public var linkSlots = 1_000

  /// Requests of one connection: a client that catches up asks in bursts.
  public var requests = Allowance(burst: 2_000, perSecond: 100)
  /// Devices whose key packages a device claims: two full groups at once; more only slowly, or pools are emptied from afar.
  public var claims = Allowance(burst: 2_500, perSecond: 0.2)
  /// Searches of a device: one per key that somebody types, but not the whole directory at once.
  public var lookups = Allowance(burst: 120, perSecond: 0.5)
  /// Accounts whose chains a device asks for.
  public var chains = Allowance(burst: 20_000, perSecond: 10)
  /// Groups that a device creates.
  public var groups = Allowance(burst: 100, perSecond: 0.02)
  /// Statements that a device appends: an administrator resets a ward's accounts.
  public var statements = Allowance(burst: 200, perSecond: 0.05)
  /// What a stranger may try from one address before log-in. Hospitals have one address for everybody.
  public var strangers = Allowance(burst: 600, perSecond: 5)
  /// Steps of its mailbox's key chain that a device costs by asking for its mail: once all that a long absence may need.
  public var ratchet = Allowance(burst: Double(2 << 20), perSecond: 2_000)
  /// Log-ins of one device from one address: a script may look for news every second.
  public var logIns = Allowance(burst: 120, perSecond: 2)

  public init() {}

  /// No allowance ever ends: for tests whose clock stands still.
  public static var generous: DeliveryLimits {
    var limits = DeliveryLimits()
    let all = Allowance(burst: 1e12, perSecond: 1e9)
    (limits.requests, limits.claims, limits.lookups, limits.chains) = (all, all, all, all)
    (limits.groups, limits.statements, limits.strangers, limits.logIns) = (all, all, all, all)
    limits.ratchet = all
    return limits
  }
}
