"""The customer service: who our customers are, what they agreed to, who looks after them, and who may sign in."""
