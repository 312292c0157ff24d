// ContentTests: see ARCHITECTURE.md.
