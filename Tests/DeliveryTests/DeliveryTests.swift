// DeliveryTests: see ARCHITECTURE.md.
