// Delivery: see ARCHITECTURE.md.
