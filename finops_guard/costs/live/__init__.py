"""Cost data that a provider answers for over its API: one module each, named after the policy's `from`."""
