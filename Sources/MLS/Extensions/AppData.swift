// draft-ietf-mls-extensions (the Safe Application Interface): application data in the group's state, changed by commits.
import TLSCodec

/// draft-ietf-mls-extensions, "Component IDs". 0x8000 and above are private.
public struct ComponentID: Hashable, Comparable, Sendable, TLSEncodable, TLSDecodable {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from reader: inout Reader) throws(DecodingError) { rawValue = try reader.uint16() }
  public func encode(to writer: inout Writer) { writer.uint16(rawValue) }
  public static func < (a: ComponentID, b: ComponentID) -> Bool { a.rawValue < b.rawValue }

  public static let appComponents = ComponentID(0x0001)
  public static let safeAAD = ComponentID(0x0002)
  public static let lastResortKeyPackage = ComponentID(0x0004)
}

/// draft-ietf-mls-extensions
///
///     struct {
///         ComponentID component_id;
///         opaque data<V>;
///     } ComponentData;
///
///     struct {
///         ComponentData component_data<V>;
///     } AppDataDictionary;
///
/// Sorted by component, at most one entry each (MUST).
public struct AppDataDictionary: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public struct Entry: Hashable, Sendable, TLSEncodable, TLSDecodable {
    public var component: ComponentID
    public var data: [UInt8]
    public init(_ component: ComponentID, _ data: [UInt8]) {
      self.component = component
      self.data = data
    }
    public init(from reader: inout Reader) throws(DecodingError) {
      component = try ComponentID(from: &reader)
      data = try reader.opaque()
    }
    public func encode(to writer: inout Writer) {
      component.encode(to: &writer)
      writer.opaque(data)
    }
  }
  public private(set) var entries: [Entry] = []

  public init() {}

  /// With all of these, in whatever order they come.
  init(_ table: [ComponentID: [UInt8]]) {
    entries = table.map { Entry($0.key, $0.value) }
    entries.sort { $0.component < $1.component }
  }

  /// - Throws: where entries are not in increasing order of component.
  public init(from reader: inout Reader) throws(DecodingError) {
    entries = try reader.vector(atMost: Limits.dictionaryEntries)
    for i in entries.indices.dropFirst() where entries[i - 1].component >= entries[i].component {
      throw .invalidValue("app_data_dictionary: not in increasing order")
    }
  }
  public func encode(to writer: inout Writer) { writer.vector(entries) }

  public subscript(component: ComponentID) -> [UInt8]? {
    get {
      for entry in entries where entry.component == component { return entry.data }
      return nil
    }
    set {
      entries.removeAll { $0.component == component }
      guard let newValue else { return }
      let position = entries.firstIndex { $0.component > component } ?? entries.count
      entries.insert(Entry(component, newValue), at: position)
    }
  }
}

/// draft-ietf-mls-extensions, "Negotiating Extensions and Components"
///
///     struct {
///         ComponentID component_ids<V>;
///     } ComponentsList;
public struct ComponentsList: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var components: [ComponentID]
  public init(_ components: [ComponentID]) { self.components = components }
  public init(from reader: inout Reader) throws(DecodingError) { components = try reader.vector(atMost: Limits.dictionaryEntries) }
  public func encode(to writer: inout Writer) { writer.vector(components) }
}

/// draft-ietf-mls-extensions
///
///     struct {
///         ComponentID component_id;
///         AppDataUpdateOperation op;
///         select (AppDataUpdate.op) {
///             case update: opaque update<V>;
///             case remove: struct{};
///         };
///     } AppDataUpdate;
public struct AppDataUpdate: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public enum Operation: Hashable, Sendable {
    /// Handed to the component's logic, which makes the new data of it.
    case update([UInt8])
    case remove
  }
  public var component: ComponentID
  public var operation: Operation
  public init(_ component: ComponentID, _ operation: Operation) {
    self.component = component
    self.operation = operation
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    component = try ComponentID(from: &reader)
    switch try reader.uint8() {
    case 1: operation = .update(try reader.opaque())
    case 2: operation = .remove
    case let other: throw .unknownValue(type: "AppDataUpdateOperation", value: UInt64(other))
    }
  }
  public func encode(to writer: inout Writer) {
    component.encode(to: &writer)
    switch operation {
    case .update(let data):
      writer.uint8(1)
      writer.opaque(data)
    case .remove: writer.uint8(2)
    }
  }
}
