// `hauspost chat`: the messenger in a terminal, for people who like one and for scripts. Each subcommand is a file; this one holds what they share.
import ArgumentParser
import Glibc

/// The terminal client.
public struct ChatCommand: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Write and read messages in a house.",
    discussion: """
      Begin with `hauspost chat join LINK`. Messages are end-to-end encrypted by this program; they are kept encrypted in
      $XDG_DATA_HOME/hauspost (usually ~/.local/share/hauspost). With --json every command prints JSON, one object in each line.
      """,
    subcommands: [
      JoinCommand.self, ListCommand.self, SendCommand.self, ReadCommand.self, FollowCommand.self, PeopleCommand.self, GroupCommand.self,
      DeviceCommand.self, VerifyCommand.self, InviteCommand.self, ResetCommand.self, PolicyCommand.self, StatusCommand.self, TypingCommand.self,
    ])
  public init() {
    // A broken pipe is an error of a write, not the end by a signal.
    signal(SIGPIPE, SIG_IGN)
  }
}

/// Options of every command.
struct SharedOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Which of several accounts on this machine.", valueName: "name"))
  var profile = "default"

  @Flag(help: "Print JSON, one object in each line.")
  var json = false

  @Option(help: ArgumentHelp("File with the passphrase of the store, instead of asking for it.", valueName: "file"))
  var passphraseFile: String?

  @Option(help: ArgumentHelp("PEM file with the authority of the house's certificate, where the system does not know it.", valueName: "file"))
  var authority: String?

  @Option(help: ArgumentHelp("Seconds to wait for the server.", valueName: "seconds"))
  var wait = 15
}
