"""A team's day on a real server with a real worker: what is killed comes back by itself."""
