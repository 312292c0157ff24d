// IdentityTests: see ARCHITECTURE.md.
