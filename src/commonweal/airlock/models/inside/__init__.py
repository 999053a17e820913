"""What runs in the sandbox on a model's file. It imports nothing of ours but itself."""
