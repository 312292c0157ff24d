// HauspostServer: see ARCHITECTURE.md.
