"""The one way out of the house: one POST, one `Exchange`, no re-sending, no address that was not allowed."""
