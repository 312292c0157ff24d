// Messenger: see ARCHITECTURE.md.
