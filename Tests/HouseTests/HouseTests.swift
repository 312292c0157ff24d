// HouseTests: see ARCHITECTURE.md.
