// DeliverySQLite: see ARCHITECTURE.md.
