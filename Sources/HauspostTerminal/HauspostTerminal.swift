// HauspostTerminal: see ARCHITECTURE.md.
