// Secrets for the application's parts (calls, files, ephemeral messages), one for each, out of the group's exporter.
import CryptoInterface
import TLSCodec

/// The context under which a component's secret is exported
///
///     struct {
///         ComponentID component_id;
///         opaque label<V>;
///         opaque context<V>;
///     } ComponentExportContext;
///
/// draft-ietf-mls-extensions has a tree of its own for this, whose secrets are deleted when taken; it is not settled, so the exporter of RFC 9420 §8.5
/// serves (docs/adr). Who needs forward secrecy within an epoch derives a key once and keeps only that.
struct ComponentExportContext: TLSEncodable {
  var component: ComponentID
  var label: [UInt8]
  var context: [UInt8]

  func encode(to writer: inout Writer) {
    component.encode(to: &writer)
    writer.opaque(label)
    writer.opaque(context)
  }

  /// The exporter's label; names no product.
  static let exporterLabel = Array("component export".utf8)
}

extension Group {
  /// A secret that all members of this epoch share, for one component and purpose.
  /// - Parameters:
  ///   - component: who uses it; different components get independent secrets.
  ///   - label: what for.
  ///   - length: bytes, at most 255 · KDF.Nh.
  /// - Throws: `.usage(.invalidArgument)` for a length that cannot be had; `.usage(.groupInactive)` for a removed member.
  public func exportSecret(
    for component: ComponentID, label: [UInt8], context: [UInt8] = [], length: Int, using crypto: some CryptoProvider
  ) throws(MLSError) -> Secret {
    try export(
      label: ComponentExportContext.exporterLabel,
      context: ComponentExportContext(component: component, label: label, context: context).encoded(), length: length, using: crypto)
  }
}
