// MessengerTests: see ARCHITECTURE.md.
