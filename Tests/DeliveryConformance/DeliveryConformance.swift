// DeliveryConformance: see ARCHITECTURE.md.
