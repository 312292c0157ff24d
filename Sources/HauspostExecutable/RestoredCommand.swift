// `hauspost restored`: after the data folder was put back from a backup.
import ArgumentParser
import HauspostServer

struct RestoredCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restored", abstract: "Tell a house that its data was restored from a backup.",
    discussion: """
      Run it once, after the data folder was restored and before the server is started. Devices then send again what the backup lacks. Without it they
      take the house's shorter records for a lie, and send nothing.
      """)

  @Option(help: ArgumentHelp("The house's data folder. (default: \(ServerSettings.defaultData))", valueName: "folder"))
  var data = ServerSettings.defaultData

  func run() throws {
    do throws(SettingsError) { try OpenHouse.markRestored(data) } catch { throw ValidationError("\(error)") }
    print("noted; now start the server: hauspost serve --data \(data)")
  }
}
