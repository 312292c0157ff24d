// StoreTests: see ARCHITECTURE.md.
