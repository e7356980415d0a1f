"""AWS's side as code: templates of the stacks, releases, costs, a sample database.

And what is installed: locks, licences.
"""
