// Answers find their way to what asked for them.
import Identity
import TLSCodec
import Wire

extension Core {
  mutating func answered(_ pending: PendingRequest, _ answer: Answer) throws(Stop) {
    switch pending {
    case .hello:
      guard case .greeting(let greeting) = answer else { return refusedGreeting(answer) }
      try greeted(greeting)
    case .logIn:
      switch answer {
      case .loggedIn(let answer): try loggedIn(answer)
      case .refused(let refusal): try refusedLogIn(refusal)
      default: unexpected()
      }
    case .enrolment(let token): try enrolled(answer, token: token)
    case .inspect(let token, let secret): inspected(answer, secret, token: token)
    case .lookUp(let token, let wish): try lookedUp(answer, wish, token: token)
    case .linkOffer(let token):
      if case .refused(let refusal) = answer { fail(token, .refused(refusal.code.rawValue)) }
    case .feed: try receivedFeed(answer)
    case .chains(let accounts): try receivedChains(answer, asked: accounts)
    case .publish(let refs): publishedKeyPackages(answer, refs)
    case .claim(let sequence, let devices): claimed(answer, sequence: sequence, devices: devices)
    case .outbox(let sequence): try outboxAnswered(answer, sequence: sequence)
    case .drain:
      if case .done = answer {
        connection.isDraining = true
      } else {
        unexpected()
      }
    case .acknowledge(let number): acknowledged(answer, number)
    case .tree(let name):
      switch answer {
      case .tree(let tree): connection.trees[name] = .some(tree.tree)
      case .refused(let refusal) where refusal.code.isPassing:
        connection.treesAsked.remove(name)
        connection.treesDue = now + max(UInt64(refusal.retryAfter) * 1_000, 1_000)
        wake(at: connection.treesDue)
      default: connection.trees[name] = .some(nil)
      }
    case .groupInfo(let chat): try receivedGroupInfo(answer, chat: chat)
    case .resync(let chat): try resynced(answer, chat: chat)
    case .poke, .ignored: break
    case .report(let chat): reported(answer, chat: chat)
    case .find(let token):
      switch answer {
      case .directory(let found): emit(.completed(token: token, .people(found.entries.compactMap { person($0) })))
      case .refused(let refusal): fail(token, .refused(refusal.code.rawValue))
      default: unexpected()
      }
    case .invitations(let token, let made):
      switch answer {
      case .done: emit(.completed(token: token, .invitations(made)))
      case .refused(let refusal): fail(token, .refused(refusal.code.rawValue))
      default: unexpected()
      }
    case .listInvitations(let token): listed(answer, token: token)
    case .command(let token):
      switch answer {
      case .done: emit(.completed(token: token, .done))
      case .refused(let refusal): fail(token, .refused(refusal.code.rawValue))
      default: unexpected()
      }
    case .policy(let token, let policy):
      switch answer {
      case .done:
        try take(policy: policy)
        emit(.completed(token: token, .done))
      case .refused(let refusal): fail(token, .refused(refusal.code.rawValue))
      default: unexpected()
      }
    case .statement(let token, let statement): try appended(answer, statement, token: token)
    case .openLink(let token, let secret):
      switch answer {
      case .done:
        link.opened = secret
        emit(.completed(token: token, .link(secret)))
      case .refused(let refusal): fail(token, .refused(refusal.code.rawValue))
      default: unexpected()
      }
    }
  }

  private mutating func refusedGreeting(_ answer: Answer) {
    if case .refused(let refusal) = answer { emit(.trouble(.refused(refusal.code.rawValue))) }
    disconnects = true
  }

  /// An answer of another kind than was asked for.
  mutating func unexpected() {
    emit(.trouble(.serverMisbehaves))
    disconnects = true
  }

  mutating func fail(_ token: UInt32, _ error: MessengerError) { emit(.completed(token: token, .failed(error))) }
}

extension RefusalCode {
  /// The same request may be answered later.
  var isPassing: Bool {
    switch self {
    case .unavailable, .tooMany, .goingDown, .notLoggedIn: true
    default: false
    }
  }
}
