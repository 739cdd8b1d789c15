"""What things cost: prices today; cost rows, budgets and forecasts beside them."""
