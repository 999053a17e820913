"""Changes to a project and renewals: asked for from the permit, on the road of applications."""
