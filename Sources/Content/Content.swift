// Content: see ARCHITECTURE.md.
