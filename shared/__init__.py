"""The kernel: what the services share to speak, store and run. It knows no service and no business rule."""
