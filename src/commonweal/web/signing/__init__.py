"""What people sign in the service: proposed, signed, carried to the signer, and what follows."""
