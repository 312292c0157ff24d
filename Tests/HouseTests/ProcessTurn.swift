// Tests that start processes run one after the other, whatever suite they are in: on a small machine they would only take each other's time.
import Testing

/// A turn at the machine's cores, for suites.
struct ProcessTurn: TestTrait, SuiteTrait, TestScoping {
  private actor Queue {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
      if isTaken { await withCheckedContinuation { waiting.append($0) } } else { isTaken = true }
    }
    func give() {
      // It stays taken where it is handed on.
      if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
  }
  private static let queue = Queue()

  var isRecursive: Bool { true }

  func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
    guard testCase != nil else { return try await function() }
    await Self.queue.take()
    do { try await function() } catch {
      await Self.queue.give()
      throw error
    }
    await Self.queue.give()
  }
}

extension Trait where Self == ProcessTurn {
  static var oneAtATime: Self { Self() }
}
