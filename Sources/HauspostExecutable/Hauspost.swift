// The one binary. Each subcommand is a file here and a target that does the work; a new one is one more line in the list.
import ArgumentParser
import HauspostTerminal

@main
struct Hauspost: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "hauspost", abstract: "A messenger in a house of its own: end-to-end encrypted, on your own server.", version: version,
    subcommands: [ServeCommand.self, ChatCommand.self, RestoredCommand.self])
}
