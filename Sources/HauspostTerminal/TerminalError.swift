// What goes wrong, in words for people, with a hint what to do. Scripts look at the code.
import ArgumentParser
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import MessengerStore
import TLSCodec
import Wire

struct TerminalError: Error, CustomStringConvertible {
  var code: String
  var message: String
  var hint: String?
  init(_ code: String, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }
  var description: String { hint.map { message + "\nhint: " + $0 } ?? message }

  init(_ error: any Error) {
    switch error {
    case let error as TerminalError: self = error
    case let error as MessengerError: self.init(error)
    case let error as StoreError: self.init("store", "\(error)")
    case let error as ConnectionError: self.init("connection", "\(error)")
    default: self.init("error", "\(error)")
    }
  }

  init(_ error: MessengerError) {
    code = error.code.description
    switch error {
    case .corruptStore: (message, hint) = ("The store cannot be read with this key.", "Is the passphrase right, and the key file the one of this store?")
    case .refused(let number):
      code = "refused-\(number)"
      (message, hint) = Self.refusal(RefusalCode(number))
    case .mistyped: (message, hint) = ("The code is mistyped.", "Compare it letter by letter; 0 and O, 1 and I and L are the same.")
    case .wrongHouse:
      (message, hint) = ("Behind this link is another house than the one that answers.", "Do not go on. Ask the person who gave you the link.")
    case .notEnrolled: (message, hint) = ("You have not joined a house yet.", "hauspost chat join LINK")
    case .alreadyEnrolled: (message, hint) = ("This profile has joined a house already.", "Choose another one with --profile NAME.")
    case .noSuchChat: (message, hint) = ("There is no such chat.", "hauspost chat list")
    case .noSuchPerson: (message, hint) = ("There is no such person.", "hauspost chat people TEXT")
    case .noSuchMessage: (message, hint) = ("There is no such message in this chat.", "hauspost chat read CHAT --ids")
    case .noSuchDevice: (message, hint) = ("There is no such device.", "hauspost chat device list")
    case .notPermitted: (message, hint) = ("That needs an administrator.", nil)
    case .forbiddenByPolicy: (message, hint) = ("The house's policy does not allow that.", "hauspost chat policy")
    case .unsuitableText: (message, hint) = ("The text is empty, too long, or holds characters that cannot be used here.", nil)
    case .confirmationNeeded:
      (message, hint) = (
        "This person was reset by the house since you have verified them.", "Compare the safety number again: hauspost chat verify PERSON"
      )
    case .chatEnded: (message, hint) = ("You are not in this chat any more.", nil)
    case .serverMisbehaves: (message, hint) = ("The server's answer makes no sense.", nil)
    case .offline: (message, hint) = ("The server cannot be reached.", "Is it running? Is the address right? Messages stay here until it can be.")
    case .staleStore:
      (message, hint) = (
        "This store is older than what the server has seen of this device: a backup, or a copy that is in use elsewhere.",
        "If it was restored: hauspost chat device rejoin. If it is a copy: link it as a new device."
      )
    case .revoked: (message, hint) = ("This device was revoked.", "Link it anew from another device of yours, or ask for an invitation.")
    case .internalError(let place): (message, hint) = ("A fault in this program (\(place)).", "Please report it.")
    }
  }

  private static func refusal(_ code: RefusalCode) -> (String, String?) {
    switch code {
    case .usedUp: ("The link is used up, withdrawn or has expired.", "Ask for a new one.")
    case .notFound: ("The server does not know this code.", "Is it of this house, and typed completely?")
    case .taken: ("This name or address is taken.", "Choose another one with --address.")
    case .tooMany: ("Too many attempts in a short time.", "Wait a minute.")
    case .forbidden: ("The server does not allow that.", nil)
    case .notNow: ("The house is set up already, or not yet.", nil)
    case .tooLarge: ("That is too large.", nil)
    case .unavailable: ("The server cannot store anything at present.", "Tell whoever runs it.")
    case .chainConflict: ("Another of your devices has just changed something.", "Try again.")
    default: ("The server has refused it (\(code.rawValue)).", nil)
    }
  }
}
