// MessengerStore: see ARCHITECTURE.md.
