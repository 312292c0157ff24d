// MessengerRuntime: see ARCHITECTURE.md.
