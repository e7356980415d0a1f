"""The named destinations: what each is, what holds it, how it loads in little memory."""
